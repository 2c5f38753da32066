"""Describes a new data set: its folder with a dataset.yml that is checked before it is written, from flags or questions.

A file of the publisher may be shown: its header is read, and what each column means is asked. Nothing is guessed; what is
proposed is what a code list says of the very same label.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.datasets import DATASET_FILE, DataSet, read_data_set
from pipelines.errors import BadInput
from pipelines.records import STATEMENT_COLUMNS
from pipelines.reference import Reference, nearest
from pipelines.settings import Settings
from pipelines.sources import reader, table
from pipelines.sources.formats import collapsed
from pipelines.sources.formats.separated import ENCODINGS
from pipelines.sources.table import options as table_options
from pipelines.sources.table.printed import DATE_CELLS, PERIODS

Ask = Callable[[str, str | None], str]
"""A question and the answer proposed (None: none is); returns what a person says."""

_NAME = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*")
_CODE_LISTS = {
    "indicator": "indicators", "definition": "definitions", "ref_area": "areas", "urbanisation": "URBANISATION", "freq": "FREQ",
    "flow": "FLOW", "unit_measure": "units", "unit_mult": "UNIT_MULT", "bound": "BOUND", "obs_status": "OBS_STATUS",
    "conf_status": "CONF_STATUS", "publisher": "publishers", "document": "documents", "strategy": "strategies",
}  # fmt: skip
_MOST_LABELS = 200


class NotDescribed(BadInput):
    """The data set cannot be described so; the message says what to say instead."""


def describe(settings: Settings, name: str, said: Mapping[str, Any], reference: Reference) -> DataSet:
    """Write ``<domain>/<dataset>/dataset.yml``, whole and read back, or nothing. Raises NotDescribed, DataSetInvalid."""
    if not _NAME.fullmatch(name):
        raise NotDescribed(
            f"{name!r} is no name of a data set: <domain>/<dataset>, each of small letters, digits and underscores"
        )
    folder = settings.raw / name
    if folder.exists():
        raise NotDescribed(f"{folder}: exists already; edit its {DATASET_FILE}")
    known = reference.codes("publishers")
    if said["publisher"] not in known:
        near = ", ".join(nearest(str(said["publisher"]), known)) or "none is like it"
        raise NotDescribed(
            f"publisher {said['publisher']!r} is not in data/seeds/publishers.csv (nearest: {near}): describe it there first"
        )
    reader(str(said["reader"]))
    if said["reader"] == "table":
        table_options.options(said.get("options") or {}, str(said["kind"]))
    draft = folder.with_name(f".{folder.name}.new")
    draft.mkdir(parents=True)
    try:
        text = yaml.safe_dump(dict(said), allow_unicode=True, sort_keys=False, width=120)
        (draft / DATASET_FILE).write_text(text, encoding="utf-8")
        read_data_set(draft / DATASET_FILE)
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft)
        if not any(folder.parent.iterdir()):
            folder.parent.rmdir()
        raise
    return read_data_set(folder / DATASET_FILE)


def asked_options(path: Path, kind: str, constants: Mapping[str, str], reference: Reference, ask: Ask) -> dict[str, Any]:
    """Options of the table reader for files like ``path``, by asking: form, columns, codes, what all rows share.

    They are checked and ``path`` is read with them before they are given back. Raises ReleaseUnreadable.
    """
    file = _asked_file(path, ask)
    numbers = {
        "decimal": _one_of(ask, "Decimal mark", (",", ".")),
        "thousands": _one_of(ask, "Thousands mark", (" ", ".", ",", "'", "none")),
    }
    rows = table.shown(path, table_options.file(file))
    columns = [_asked_column(header, labels, kind, reference, ask) for header, labels in rows]
    said = {"file": file, "numbers": numbers, "missing": _asked_missing(ask) if kind == "observation" else {}}
    given = {name for column in columns for name in (*_names(column.get("gives")), *(column.get("value") or {}))}
    headline = table_options.HEADLINE.get(kind)
    filled = dict(constants)
    for name in STATEMENT_COLUMNS[kind]:
        if name not in given and name not in filled and name != headline and name not in table_options.MAY_BE_ABSENT[kind]:
            filled[name] = _code(name, f"{name} of every row", None, reference, ask)
    found = {**said, "constants": filled, "columns": columns}
    table.read(path, kind, found)
    return found


def _asked_file(path: Path, ask: Ask) -> dict[str, Any]:
    form = _one_of(ask, "Form of the file", tuple(table_options.FORMS), path.suffix.removeprefix("."))
    file: dict[str, Any] = {"form": form}
    if form == "parquet":
        return file
    if form == "csv":
        file["encoding"] = _one_of(ask, "Encoding", ENCODINGS)
        file["delimiter"] = ask("Delimiter", None)
    else:
        file["sheet"] = ask("Sheet", None)
    file["header_row"] = _number(ask, "Row of the header, from 1")
    if end := ask("Text with which the row after the table begins (empty: the file ends with the table)", ""):
        file["ends_before"] = end
    return file


def _asked_column(header: str, labels: list[str], kind: str, reference: Reference, ask: Ask) -> dict[str, Any]:
    shown = ", ".join(repr(label[:30]) for label in labels[:5])
    role = _one_of(ask, f"Column {header!r} ({shown}): value, gives or ignored", ("value", "gives", "ignored"))
    if role == "ignored":
        return {"header": header, "ignored": True}
    if role == "value":
        value: dict[str, str] = {}
        while name := ask(f"  {header!r}: a column of the record that is its own (empty: no more)", ""):
            _known(name, STATEMENT_COLUMNS[kind])
            value[name] = _code(name, f"  {name}", None, reference, ask)
        return {"header": header, "value": value}
    gives = _one_of(ask, f"  {header!r} gives which column of the record", STATEMENT_COLUMNS[kind])
    column: dict[str, Any] = {"header": header, "gives": gives}
    if gives in table_options.PERIOD_COLUMNS:
        column["periods"] = [_one_of(ask, "  printed as", (*PERIODS, *DATE_CELLS))]
        if ask("  cumulated since January (yes, no)", None).strip().lower() == "yes":
            column["since_january"] = True
    elif gives in _CODE_LISTS:
        if len(labels) > _MOST_LABELS:
            raise NotDescribed(
                f"column {header!r} has {len(labels)} labels, too many to ask for: write its codes in {DATASET_FILE}"
            )
        proposed = _by_label(reference) if gives == "ref_area" else {}
        column["codes"] = {label: _code(gives, f"  {label!r} is", proposed.get(label), reference, ask) for label in labels}
    return column


def _by_label(reference: Reference) -> dict[str, str]:
    """Regions and the country by the very label the areas seed has; a label of several areas proposes none."""
    found: dict[str, str] = {}
    for code, level, label in reference.table("areas", "ref_area", "level", "label_fr").iter_rows():
        if level in ("country", "region"):
            found[collapsed(label)] = code
    return found


def _asked_missing(ask: Ask) -> dict[str, str]:
    missing: dict[str, str] = {}
    while (code := ask("Text that stands for a missing value ('blank' for an empty cell; empty: no more)", "")) != "":
        missing["" if code == "blank" else code] = ask(
            f"  status of {code!r} (O missing, L not collected, M cannot exist, Q suppressed)", None
        )
    return missing


def _code(name: str, question: str, proposed: str | None, reference: Reference, ask: Ask) -> str:
    answer = ask(question, proposed)
    if name in _CODE_LISTS:
        _known(answer, reference.codes(_CODE_LISTS[name]))
    return answer


def _one_of(ask: Ask, question: str, known: tuple[str, ...], proposed: str | None = None) -> str:
    shown = f" ({', '.join(map(repr, known))})" if len(known) < 10 else ""
    answer = ask(question + shown, proposed if proposed in known else None)
    _known(answer, known)
    return answer


def _known(answer: str, known: tuple[str, ...] | frozenset[str]) -> None:
    if answer not in known:
        near = nearest(answer, frozenset(known))
        raise NotDescribed(f"{answer!r} is not known; nearest: {', '.join(near) or ', '.join(sorted(known)[:10])}")


def _number(ask: Ask, question: str) -> int:
    answer = ask(question, None)
    if not re.fullmatch(r"[1-9][0-9]{0,5}", answer):
        raise NotDescribed(f"{answer!r} is not a row number")
    return int(answer)


def _names(gives: Any) -> tuple[str, ...]:
    return () if gives is None else (gives,) if isinstance(gives, str) else tuple(gives)
