"""ITU DataHub, version 2: answers for one country, one JSON list for each series.

Options: ``document``; ``country`` (as asked) and ``ref_area``; ``series``: by the hub's ``codeID`` its ``code`` as answered, and
``indicator``, ``definition``, ``unit_measure``, ``unit_mult``, ``flow`` for ours.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable

_SERIES_KEYS = {"code", "indicator", "definition", "unit_measure", "unit_mult", "flow"}
_MOST_BYTES = 50_000_000


def read(path: Path, kind: str, options: dict[str, Any]) -> pl.DataFrame:
    """Statements of one vintage: text columns ``STATEMENT_COLUMNS["observation"]``, numbers as printed, by series and year.

    Raises ReleaseUnreadable for a series or code that is not declared, a year given twice, a value that is no number.
    """
    if kind != "observation" or (wrong := {"document", "country", "ref_area", "series"} - options.keys()):
        raise ReleaseUnreadable(f"the options of dataset.yml lack {sorted(wrong)}", rule="declared options")
    declared = {str(code): series for code, series in options["series"].items()}
    for code, series in declared.items():
        if series.keys() != _SERIES_KEYS:
            raise ReleaseUnreadable(f"series {code} in dataset.yml must have {sorted(_SERIES_KEYS)}", rule="declared options")
    found: dict[tuple[str, str], str | None] = {}
    for row in _rows(path):
        try:
            code, year, answers = str(row["codeID"]), str(row["dataYear"]), row["answer"]
            values = [answer["value"] for answer in answers]
        except (KeyError, TypeError) as error:
            raise ReleaseUnreadable(f"a row lacks {error}: {str(row)[:200]}", rule="codeID, dataYear, answer") from error
        if code not in declared or row.get("code") != declared[code]["code"]:
            raise ReleaseUnreadable(
                f"series {code} is {row.get('code')!r}, which is not as declared",
                rule="a declared series",
                column="code",
                value=code,
            )
        if len(values) != 1 or (code, year) in found or not isinstance(values[0], str | None):
            raise ReleaseUnreadable(
                f"series {code} has {values} for {year}, one number was expected", rule="one value for a year", value=year
            )
        found[code, year] = values[0]
    if missing := sorted(declared.keys() - {code for code, _ in found}):
        raise ReleaseUnreadable(f"there is no value of {', '.join(missing)}", rule="every declared series", column="codeID")
    said = [
        dict.fromkeys(STATEMENT_COLUMNS["observation"])
        | {key: str(value) for key, value in declared[code].items() if key != "code"}
        | {
            "ref_area": options["ref_area"],
            "urbanisation": "_T",
            "breakdown": "_T",
            "time_period": year,
            "freq": "A",
            "obs_value": value,
            "bound": "EQ",
            "obs_status": "O" if value is None else "A",
            "conf_status": "F",
            "publisher": "itu",
            "document": options["document"],
            "locator": f"country {options['country']}, series {code}, year {year}",
        }
        for (code, year), value in sorted(found.items())
    ]
    return pl.DataFrame(said, schema=dict.fromkeys(STATEMENT_COLUMNS["observation"], pl.String))


def _rows(path: Path) -> list[dict[str, Any]]:
    if not zipfile.is_zipfile(path):
        return _list(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _MOST_BYTES:
            raise ReleaseUnreadable(f"holds more than {_MOST_BYTES} bytes", rule="a file of bounded size")
        return [row for name in archive.namelist() for row in _list(archive.read(name))]


def _list(content: bytes) -> list[dict[str, Any]]:
    try:
        said = json.loads(content.decode("utf-8-sig"), parse_float=str, parse_int=str)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise ReleaseUnreadable(f"is no JSON: {error}", rule="JSON") from error
    if not isinstance(said, list):
        raise ReleaseUnreadable(f"is no list of rows: {str(said)[:200]}", rule="a list of rows")
    return said
