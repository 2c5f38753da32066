"""The World Bank's Indicators API, version 2: answers of one country's series, one JSON document for each series (or page).

Options: ``document``; ``country`` (ISO 3166-1, two letters) and ``ref_area``; ``database`` (the Bank's source id); ``series``:
by the Bank's code its ``name`` as printed, and ``indicator``, ``definition``, ``unit_measure``, ``flow`` for ours.
"""

from __future__ import annotations

import json
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable

_STATUSES = {"": "A", "E": "E", "F": "F", "P": "P"}
_NO_VALUE = "O"
_SERIES_KEYS = {"name", "indicator", "definition", "unit_measure", "flow", "retired"}
_MOST_BYTES = 50_000_000
_LONGEST = 40


def read(path: Path, kind: str, options: dict[str, Any]) -> pl.DataFrame:
    """Statements of one vintage: text columns ``STATEMENT_COLUMNS["observation"]``, by series, oldest year first.

    Numbers are kept as the Bank prints them. A year without value is a row with status O once the series has begun: the Bank
    lists every year since 1960. Rows of other countries and aggregates are not ours and are left out.

    Raises ReleaseUnreadable for an error envelope, a series, name, unit, database or status that is not the declared one, a
    year given twice, and a declared series without any value.
    """
    if kind != "observation":
        raise ReleaseUnreadable(f"the API has observations, not {kind}s", rule="observations")
    declared = _declared(options)
    rows: dict[str, dict[int, tuple[str | None, str]]] = {}
    for name, answer in _answers(path):
        for row in _rows(name, answer, options):
            _take(row, rows, declared, options)
    valued = {code: kept for code, years in rows.items() if (kept := _since_first_value(years))}
    missing = sorted(code for code, series in declared.items() if not series.get("retired") and code not in valued)
    if missing:
        raise ReleaseUnreadable(f"there is no value of {', '.join(missing)}", rule="every declared series", column="indicator")
    said = [
        _statement(code, declared[code], year, value, status, options)
        for code in sorted(valued)
        for year, (value, status) in sorted(valued[code].items())
    ]
    return pl.DataFrame(said, schema=dict.fromkeys(STATEMENT_COLUMNS["observation"], pl.String))


def _declared(options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    missing = {"document", "country", "ref_area", "database", "series"} - options.keys()
    if missing:
        raise ReleaseUnreadable(f"the options of dataset.yml lack {sorted(missing)}", rule="declared options")
    declared: dict[str, dict[str, Any]] = options["series"]
    for code, series in declared.items():
        wrong = (_SERIES_KEYS - {"retired"} - series.keys()) | (series.keys() - _SERIES_KEYS)
        if wrong:
            raise ReleaseUnreadable(
                f"series {code} in dataset.yml lacks or should not have {sorted(wrong)}", rule="declared options"
            )
    return declared


def _answers(path: Path) -> list[tuple[str, Any]]:
    """Every answer of the release with its number in it: a JSON file, or a ZIP of them."""
    if not zipfile.is_zipfile(path):
        return [("the answer", _json("the answer", path.read_bytes()))]
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
            raise ReleaseUnreadable(f"holds more than {_MOST_BYTES} bytes", rule="a file of bounded size")
        return [(f"answer {name}", _json(f"answer {name}", archive.read(name))) for name in archive.namelist()]


def _json(name: str, content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"), parse_float=str, parse_int=str, parse_constant=_refuse_constant)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ReleaseUnreadable(f"{name} is no JSON: {error}", rule="JSON") from error


def _refuse_constant(said: str) -> Any:
    raise ValueError(f"{said} is no JSON number")


def _rows(name: str, answer: Any, options: dict[str, Any]) -> list[dict[str, Any]]:
    """The data rows of an answer. Raises ReleaseUnreadable for an error envelope, which comes with HTTP status 200."""
    if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict) and "message" in answer[0]:
        raise ReleaseUnreadable(f"{name} is an error message: {str(answer[0]['message'])[:200]}", rule="data")
    if not (isinstance(answer, list) and len(answer) == 2 and isinstance(answer[0], dict) and isinstance(answer[1], list | None)):
        raise ReleaseUnreadable(f"{name} is not a header and a list of rows", rule="header and rows")
    header, rows = answer
    if str(header.get("sourceid")) != str(options["database"]):
        raise ReleaseUnreadable(
            f"{name} is from database {header.get('sourceid')!r}, the declared one is {options['database']!r}",
            rule="the declared database",
            column="sourceid",
        )
    return list(rows or [])


def _take(
    row: dict[str, Any], rows: dict[str, dict[int, tuple[str | None, str]]], declared: dict[str, Any], options: dict[str, Any]
) -> None:
    """Note one data row under its series and year, if it is of our country."""
    try:
        code, name = str(row["indicator"]["id"]), " ".join(row["indicator"]["value"].split())
        country, date, value = row["country"]["id"], row["date"], row["value"]
        unit, status = str(row.get("unit") or ""), str(row.get("obs_status") or "")
    except (KeyError, TypeError, AttributeError) as error:
        raise ReleaseUnreadable(f"a row lacks {error}: {str(row)[:200]}", rule="indicator, country, date, value") from error
    if country != options["country"]:
        return
    if code not in declared:
        raise ReleaseUnreadable(
            "the series is not declared in dataset.yml", rule="a declared series", column="indicator", value=code
        )
    if name != declared[code]["name"]:
        raise ReleaseUnreadable(
            f"series {code} is called {name!r}, declared as {declared[code]['name']!r}: does it still measure the same?",
            rule="the declared name",
            column="indicator",
            value=name,
        )
    if unit:
        raise ReleaseUnreadable(f"series {code} has a unit now", rule="no unit beside the name's", column="unit", value=unit)
    if status not in _STATUSES:
        raise ReleaseUnreadable(f"series {code} has an unknown status", rule="a known status", column="obs_status", value=status)
    if not (isinstance(date, str) and date.isascii() and date.isdigit() and len(date) == 4):
        raise ReleaseUnreadable(f"series {code} has a date that is no year", rule="a year", column="date", value=str(date))
    if not isinstance(value, str | None):
        raise ReleaseUnreadable(
            f"series {code} has a value of {date} that is no number", rule="a number or null", column="value", value=str(value)
        )
    years = rows.setdefault(code, {})
    if int(date) in years:
        raise ReleaseUnreadable(f"series {code} gives {date} twice", rule="one value for a year", column="date", value=date)
    years[int(date)] = (value, _STATUSES[status])


def _since_first_value(years: dict[int, tuple[str | None, str]]) -> dict[int, tuple[str | None, str]]:
    valued = [year for year, (value, _) in years.items() if value is not None]
    return {year: said for year, said in years.items() if valued and year >= min(valued)}


def _statement(
    code: str, series: dict[str, Any], year: int, value: str | None, status: str, options: dict[str, Any]
) -> dict[str, str | None]:
    return dict.fromkeys(STATEMENT_COLUMNS["observation"]) | {
        "indicator": series["indicator"],
        "definition": series["definition"],
        "ref_area": options["ref_area"],
        "urbanisation": "_T",
        "breakdown": "_T",
        "time_period": str(year),
        "freq": "A",
        "flow": series["flow"],
        "obs_value": _plain(value),
        "unit_measure": series["unit_measure"],
        "unit_mult": "0",
        "bound": "EQ",
        "obs_status": _NO_VALUE if value is None else status,
        "conf_status": "F",
        "publisher": "world-bank",
        "document": options["document"],
        "locator": f"country {options['country']}, indicator {code}, date {year}",
    }


def _plain(value: str | None) -> str | None:
    """A JSON number without its exponent, no digit more or less: 1.5E7 is 15000000. One beyond all measure stays as printed."""
    if value is None or "e" not in value.lower():
        return value
    number = Decimal(value)
    return format(number, "f") if abs(number.adjusted()) < _LONGEST else value
