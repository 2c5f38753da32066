"""ANRT's market spreadsheets: a legend of letters, then a table whose columns are those letters, one row for each period.

Options: ``sheet``, null for the only one; ``period_header``, what stands above the periods; ``periods``, their printed forms;
``decimal`` and ``thousands`` marks; ``missing``: by printed text (blank too) the status of what is not there; ``document``; and
``columns``: by the legend's text what is ours of it (``indicator``, ``definition``, ``unit_measure``, ``unit_mult``, ``flow``),
or null where nothing is. Letters move from edition to edition, so a column is known by its legend alone.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable
from pipelines.sources.formats import Cell, Grid, Kind, collapsed, workbook
from pipelines.sources.table import printed

_LETTER = re.compile(r"[A-Z]{1,2}")
_OPTIONS = {"sheet", "period_header", "periods", "decimal", "thousands", "missing", "document", "columns"}
_OURS = {"indicator", "definition", "unit_measure", "unit_mult", "flow"}
_FREQ = re.compile(r"[0-9]{4}(?:-([QS]))?.*")
_NOWHERE = 1_000_000


def read(path: Path, kind: str, options: dict[str, Any]) -> pl.DataFrame:
    """Statements of one workbook: text columns ``STATEMENT_COLUMNS["observation"]``, by row, then by column as declared.

    Raises ReleaseUnreadable: no header row, a letter without legend, a legend that is not declared or is declared and gone, a
    number, period or missing value that is not printed as declared.
    """
    if kind != "observation" or (wrong := _OPTIONS ^ options.keys()):
        raise ReleaseUnreadable(f"options lacking or unknown: {sorted(wrong)}", rule="declared options")
    for legend, ours in options["columns"].items():
        if ours is not None and ours.keys() != _OURS:
            raise ReleaseUnreadable(f"column {legend!r} must have {sorted(_OURS)}, or be null", rule="declared options")
    at = _header_row(workbook.read(path, options["sheet"], _NOWHERE), options["period_header"])
    # Read again, held to what must be true of a table from its header on.
    grid = workbook.read(path, options["sheet"], at)
    wanted = _columns(grid, at, options)
    pattern = printed.number_pattern(options["decimal"], options["thousands"])
    said = []
    for row, cells in grid.rows[at:]:
        if all(cell.kind is Kind.BLANK for cell in cells):
            continue
        period = _period(cells[0], tuple(options["periods"]), grid.place(row, 0), row)
        for index, legend in wanted.items():
            value, status = _value(cells[index], pattern, options["missing"], grid.place(row, index), row)
            said.append(_statement(options["columns"][legend], period, value, status, grid.place(row, index), options))
    if not said:
        raise ReleaseUnreadable("the table has no rows", rule="at least one statement")
    return pl.DataFrame(said, schema=dict.fromkeys(STATEMENT_COLUMNS["observation"], pl.String))


def _header_row(grid: Grid, period_header: str) -> int:
    found = [row for row, cells in grid.rows if cells and collapsed(cells[0].text).startswith(period_header)]
    if len(found) != 1:
        raise ReleaseUnreadable(
            f"{len(found)} rows begin with {period_header!r}, one was expected", rule="one header row", value=period_header
        )
    return found[0]


def _columns(grid: Grid, at: int, options: dict[str, Any]) -> dict[int, str]:
    """By index in the row the legend of each wanted column, in the order of ``columns``."""
    legends: dict[str, str] = {}
    for row, cells in grid.rows[: at - 1]:
        letter = collapsed(cells[0].text) if cells else ""
        if _LETTER.fullmatch(letter) and len(cells) > 1:
            if letter in legends:
                raise ReleaseUnreadable(
                    f"the legend explains {letter} twice", rule="one legend for a letter", row=row, value=letter
                )
            legends[letter] = collapsed(cells[1].text)
    header = [collapsed(cell.text) for cell in grid.rows[at - 1][1]]
    found: dict[str, int] = {}
    for index, letter in enumerate(header[1:], start=1):
        if not letter:
            continue
        if letter not in legends:
            raise ReleaseUnreadable(
                "a column has no legend", rule="a legend for every column", row=at, column=letter, value=letter
            )
        legend = legends[letter]
        if legend in found:
            raise ReleaseUnreadable(f"two columns are {legend!r}", rule="one column for a legend", row=at, column=letter)
        found[legend] = index
    declared = options["columns"]
    gone = [each for each in declared if each not in found]
    unknown = [f"    {_quoted(legend)}: null  # {header[index]}" for legend, index in found.items() if legend not in declared]
    if unknown or gone:
        parts = [f"gone: {', '.join(map(_quoted, gone))}"] if gone else []
        if unknown:
            parts.append("new, to be declared in dataset.yml under columns (null: not ours):\n" + "\n".join(unknown) + "\n")
        raise ReleaseUnreadable(f"the columns are not the declared ones: {'; '.join(parts)}", rule="the declared columns", row=at)
    return {found[legend]: legend for legend, ours in declared.items() if ours is not None}


def _quoted(legend: str) -> str:
    """As YAML writes a text in quotation marks."""
    return json.dumps(legend, ensure_ascii=False)


def _period(cell: Cell, forms: tuple[str, ...], place: str, row: int) -> str:
    try:
        return printed.period(cell, forms, since_january=False)
    except printed.Unclear as unclear:
        raise ReleaseUnreadable(f"{place} {unclear}", rule="a period", row=row, column="A", value=cell.text) from unclear


def _value(cell: Cell, pattern: re.Pattern[str], missing: dict[str, str], place: str, row: int) -> tuple[str | None, str]:
    text = collapsed(cell.text)
    if text in missing:
        return None, missing[text]
    if cell.kind is Kind.NUMBER and not cell.shown_scale:
        return cell.text, "A"
    if cell.kind is not Kind.TEXT:
        raise ReleaseUnreadable(f"{place} holds {cell.kind.value} that is not declared", rule="a number", row=row, value=text)
    try:
        return printed.number(text, pattern), "A"
    except printed.Unclear as unclear:
        raise ReleaseUnreadable(f"{place} {unclear}", rule="a number", row=row, value=text) from unclear


def _statement(
    ours: dict[str, Any], period: str, value: str | None, status: str, place: str, options: dict[str, Any]
) -> dict[str, str | None]:
    match = _FREQ.fullmatch(period)
    return dict.fromkeys(STATEMENT_COLUMNS["observation"]) | {
        "indicator": ours["indicator"],
        "definition": ours["definition"],
        "ref_area": "MA",
        "urbanisation": "_T",
        "breakdown": "_T",
        "time_period": period,
        "freq": (match[1] if match else None) or "A",
        "flow": ours["flow"],
        "obs_value": value,
        "unit_measure": ours["unit_measure"],
        "unit_mult": str(ours["unit_mult"]),
        "bound": "EQ",
        "obs_status": status,
        "conf_status": "F",
        "publisher": "anrt",
        "document": options["document"],
        "locator": place,
    }
