"""What ``options`` of a dataset.yml may say to the table reader, checked key by key before any file is opened."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.records import STATEMENT_COLUMNS, STATUSES_WITHOUT_VALUE
from pipelines.sources import ReleaseUnreadable
from pipelines.sources.formats import collapsed
from pipelines.sources.formats.separated import ENCODINGS
from pipelines.sources.table.printed import DATE_CELLS, DECIMAL_MARKS, PERIODS, THOUSANDS_MARKS, number_pattern

FORMS = {
    "csv": {"encoding", "delimiter"},
    "xlsx": {"sheet"},
    "parquet": set[str](),
}
"""Keys that a file of each form needs besides what all know."""

NUMBER_COLUMNS = ("obs_value", "obs_lower", "obs_upper", "baseline_value", "target_value", "target_lower", "target_upper")
PERIOD_COLUMNS = ("time_period", "baseline_period", "due_period")
HEADLINE = {"observation": "obs_value", "target": "target_value"}
# What a statement may leave out: it is empty then. The document may be the release's own, which its sidecar names.
MAY_BE_ABSENT = {
    "observation": {"obs_value", "obs_lower", "obs_upper", "document", "locator", "quote", "comment"},
    "target": {
        "baseline_value", "baseline_period", "baseline_bound", "target_value", "target_lower", "target_upper", "due_period",
        "supersedes", "document", "locator", "quote", "comment",
    },
    "event": {"strategy", "description_en", "document", "locator", "quote", "comment"},
}  # fmt: skip
RULE = "options of the table reader"


@dataclass(frozen=True)
class File:
    """Form of the file and where its table stands; rows are counted from 1 as a person sees them."""

    form: str
    encoding: str
    delimiter: str
    sheet: str
    header_row: int
    skip_rows: frozenset[int]
    ends_before: str | None


@dataclass(frozen=True)
class Column:
    """One column of the file: a value of its own meaning (``value``), or something each statement of the row says (``gives``).

    ``codes`` gives the record's columns by label; without them the text itself is given. Neither: the column is ignored.
    """

    header: str
    gives: tuple[str, ...] = ()
    value: Mapping[str, str] | None = None
    codes: Mapping[str, Mapping[str, str]] | None = None
    leave_out: frozenset[str] = frozenset()
    leave_out_others: bool = False
    periods: tuple[str, ...] = ()
    since_january: bool = False
    suffix: str = ""
    formatted_cells: str | None = None


@dataclass(frozen=True)
class Options:
    """The whole of ``options``, sound: every column of a record comes from one place."""

    file: File
    number: re.Pattern[str]
    missing: Mapping[str, str]
    status_marks: Mapping[str, str]
    constants: Mapping[str, str]
    columns: tuple[Column, ...]
    headline: str | None


def options(said: Mapping[str, Any], kind: str) -> Options:
    """Raises ReleaseUnreadable, naming the key and what is known."""
    _keys(said, "options", required={"file", "constants", "columns"}, optional={"numbers", "missing", "status_marks"})
    entries = said["columns"]
    if not isinstance(entries, list) or not entries:
        raise _wrong("options.columns", "must be a list with an entry for each column of the file")
    numbers = _table(said.get("numbers", {"decimal": ".", "thousands": "none"}), "options.numbers")
    _keys(numbers, "options.numbers", required={"decimal", "thousands"})
    decimal = _one_of(numbers["decimal"], DECIMAL_MARKS, "options.numbers.decimal")
    thousands = _one_of(numbers["thousands"], THOUSANDS_MARKS, "options.numbers.thousands")
    if decimal == thousands:
        raise _wrong("options.numbers", f"decimal and thousands marks are both {decimal!r}")
    found = Options(
        file=file(said["file"]),
        number=number_pattern(decimal, thousands),
        missing=_texts(said.get("missing", {}), "options.missing"),
        status_marks=_texts(said.get("status_marks", {}), "options.status_marks"),
        constants=_record_columns(said["constants"], "options.constants", kind),
        columns=tuple(
            _column(_table(entry, f"options.columns[{at}]"), f"options.columns[{at}]", kind)
            for at, entry in enumerate(entries, 1)
        ),
        headline=HEADLINE.get(kind),
    )
    _fit(found, kind)
    return found


def file(entry: Any) -> File:
    """``options.file`` alone. Raises ReleaseUnreadable."""
    said = _table(entry, "options.file")
    form = _one_of(said.get("form"), tuple(FORMS), "options.file.form")
    optional = {"skip_rows", "ends_before"} if form != "parquet" else set[str]()
    _keys(
        said, "options.file", required={"form", *FORMS[form], *(() if form == "parquet" else ("header_row",))}, optional=optional
    )
    header_row = said.get("header_row", 1)
    skipped = said.get("skip_rows", [])
    if not _is_row(header_row):
        raise _wrong("options.file.header_row", f"is {header_row!r}, must be the number of a row, from 1")
    if not isinstance(skipped, list) or not all(_is_row(each) and each > header_row for each in skipped):
        raise _wrong("options.file.skip_rows", f"is {skipped!r}, must be a list of row numbers below the header row {header_row}")
    delimiter = _text(said.get("delimiter", ","), "options.file.delimiter")
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise _wrong("options.file.delimiter", f"is {delimiter!r}, must be one character")
    return File(
        form=form,
        encoding=_one_of(said.get("encoding", ENCODINGS[0]), ENCODINGS, "options.file.encoding"),
        delimiter=delimiter,
        sheet=_text(said.get("sheet", ""), "options.file.sheet"),
        header_row=header_row,
        skip_rows=frozenset(skipped),
        ends_before=None if "ends_before" not in said else collapsed(_text(said["ends_before"], "options.file.ends_before")),
    )


def _is_row(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


_OF_A_COLUMN = {
    "header",
    "gives",
    "value",
    "ignored",
    "codes",
    "leave_out",
    "leave_out_others",
    "periods",
    "since_january",
    "suffix",
    "formatted_cells",
}


def _column(said: Mapping[str, Any], where: str, kind: str) -> Column:
    _keys(said, where, required={"header"}, optional=_OF_A_COLUMN - {"header"})
    header = collapsed(_text(said["header"], f"{where}.header"))
    where = f"{where} ({header})"
    roles = sorted({"gives", "value", "ignored"} & said.keys())
    if len(roles) != 1:
        raise _wrong(where, f"must say one of gives, value, ignored; says {', '.join(roles) or 'none'}")
    if roles == ["ignored"]:
        if said["ignored"] is not True or len(said) > 2:
            raise _wrong(where, "an ignored column says ignored: true and nothing else")
        return Column(header)
    value = None if "value" not in said else _record_columns(said["value"], f"{where}.value", kind)
    gives = tuple(_list(said.get("gives", []), f"{where}.gives"))
    for name in gives:
        _one_of(name, STATEMENT_COLUMNS[kind], f"{where}.gives")
    is_number = value is not None or (len(gives) == 1 and gives[0] in NUMBER_COLUMNS)
    if is_number and "codes" in said:
        raise _wrong(where, "is a number, so it has no codes")
    codes = None if "codes" not in said else _codes(said["codes"], f"{where}.codes", gives)
    if len(gives) > 1 and codes is None:
        raise _wrong(where, "gives several columns, so it needs codes that say each by label")
    is_period = len(gives) == 1 and gives[0] in PERIOD_COLUMNS and codes is None
    if is_period != ("periods" in said):
        raise _wrong(
            where,
            "periods and a column of periods without codes go together"
            + (f"; known: {', '.join(_PERIOD_FORMS)}" if is_period else ""),
        )
    for key in ("suffix", "formatted_cells"):
        if key in said and not is_number:
            raise _wrong(f"{where}.{key}", "goes with a column of numbers")
    if "since_january" in said and not (is_period and said["since_january"] is True):
        raise _wrong(f"{where}.since_january", "is true, or absent, and goes with periods")
    if "leave_out" in said and is_number:
        raise _wrong(f"{where}.leave_out", "goes with a column of labels")
    if "leave_out_others" in said and not (codes is not None and said["leave_out_others"] is True and "leave_out" not in said):
        raise _wrong(f"{where}.leave_out_others", "is true, or absent, and goes with codes in place of leave_out")
    formatted = said.get("formatted_cells")
    forms = _list(said.get("periods", []), f"{where}.periods")
    left_out = _list(said.get("leave_out", []), f"{where}.leave_out")
    return Column(
        header=header,
        gives=gives,
        value=value,
        codes=codes,
        leave_out=frozenset(collapsed(label) for label in left_out),
        leave_out_others="leave_out_others" in said,
        periods=tuple(_one_of(form, _PERIOD_FORMS, f"{where}.periods") for form in forms),
        since_january="since_january" in said,
        suffix=collapsed(_text(said.get("suffix", ""), f"{where}.suffix")),
        formatted_cells=formatted and _one_of(formatted, ("as_shown", "as_stored"), f"{where}.formatted_cells"),
    )


_PERIOD_FORMS = (*PERIODS, *DATE_CELLS)


def _codes(said: Any, where: str, gives: tuple[str, ...]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for label, given in _table(said, where).items():
        _text(label, f"{where}: the label {label!r}")
        code = (
            {gives[0]: _text(given, f"{where}.{label}")}
            if len(gives) == 1 and not isinstance(given, dict)
            else _texts(given, f"{where}.{label}")
        )
        if code.keys() != set(gives):
            raise _wrong(f"{where}.{label}", f"gives {', '.join(code)}, the column gives {', '.join(gives)}")
        if collapsed(label) in found:
            raise _wrong(f"{where}.{label}", "stands twice")
        found[collapsed(label)] = code
    if not found:
        raise _wrong(where, "says no label")
    return found


def _fit(found: Options, kind: str) -> None:
    """Every column of the record comes from one place, and the values can be told apart."""
    headers = [column.header for column in found.columns]
    if doubled := sorted({header for header in headers if headers.count(header) > 1}):
        raise _wrong("options.columns", f"say {', '.join(doubled)} twice")
    values = [column for column in found.columns if column.value is not None]
    if values and found.headline is None:
        raise _wrong("options.columns", "events have no value")
    shared = [*found.constants, *(name for column in found.columns for name in column.gives)]
    for said in [column.value for column in values] or [None]:
        names = [*shared, *(said or ()), *([found.headline] if said is not None and found.headline else [])]
        where = "options" if said is None else f"options.columns: the value {next(c.header for c in values if c.value is said)}"
        if doubled := sorted({name for name in names if names.count(name) > 1}):
            raise _wrong(where, f"say {', '.join(doubled)} twice: among constants, gives and value")
        if absent := [name for name in STATEMENT_COLUMNS[kind] if name not in names and name not in MAY_BE_ABSENT[kind]]:
            raise _wrong(where, f"say nothing of {', '.join(absent)}; say each among constants, gives, value or codes")
        if kind == "observation" and "obs_value" not in names and "obs_lower" not in names:
            raise _wrong(where, "no column is a value: say value, or gives: obs_value")
    for code, status in found.missing.items():
        if kind != "observation":
            raise _wrong("options.missing", f"only observations can be missing, not records of kind {kind}")
        if status not in STATUSES_WITHOUT_VALUE:
            raise _wrong(f"options.missing.{code!r}", f"is {status!r}, must be one of {', '.join(STATUSES_WITHOUT_VALUE)}")
    if found.status_marks and kind != "observation":
        raise _wrong("options.status_marks", f"only observations have a status, not records of kind {kind}")


def _wrong(where: str, what: str) -> ReleaseUnreadable:
    return ReleaseUnreadable(f"dataset.yml: {where}: {what}", rule=RULE)


def _keys(said: Mapping[str, Any], where: str, *, required: set[str], optional: set[str] | None = None) -> None:
    known = required | (optional or set())
    if unknown := sorted(str(key) for key in said if key not in known):
        raise _wrong(where, f"unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")
    if lacking := sorted(required - said.keys()):
        raise _wrong(where, f"lacks {', '.join(lacking)}")


def _table(said: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise _wrong(where, f"must be a table of keys and values, not {said!r}")
    return said


def _text(said: Any, where: str) -> str:
    if not isinstance(said, str):
        raise _wrong(where, f"is {said!r}, must be text: put it in quotation marks")
    return said


def _list(said: Any, where: str) -> list[str]:
    return [_text(each, where) for each in (said if isinstance(said, list) else [said])]


def _one_of(said: Any, known: tuple[str, ...], where: str) -> str:
    if said not in known:
        raise _wrong(where, f"is {said!r}; known: {', '.join(map(repr, known))}")
    return str(said)


def _texts(said: Any, where: str) -> dict[str, str]:
    """A table of texts, its keys as labels of a table are compared. A unit's multiplier may be written as a number."""
    return {
        collapsed(_text(key, f"{where}: the key {key!r}")): str(value)
        if key == "unit_mult" and isinstance(value, int) and not isinstance(value, bool)
        else _text(value, f"{where}.{key}")
        for key, value in _table(said, where).items()
    }


def _record_columns(said: Any, where: str, kind: str) -> dict[str, str]:
    found = _texts(said, where)
    if unknown := sorted(found.keys() - set(STATEMENT_COLUMNS[kind])):
        raise _wrong(
            where, f"unknown column {', '.join(unknown)}; a record of kind {kind} has {', '.join(STATEMENT_COLUMNS[kind])}"
        )
    return found
