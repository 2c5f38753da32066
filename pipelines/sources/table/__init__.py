"""The table reader: a ministry's CSV, XLSX or Parquet table becomes statements as ``options`` of its dataset.yml declare.

Nothing is guessed: a column, label, number or period that is not declared refuses the file. docs/add-data.md shows it all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable
from pipelines.sources.formats import BLANK, Cell, Grid, Kind, collapsed, columnar, plain, separated, workbook
from pipelines.sources.table import printed
from pipelines.sources.table.options import NUMBER_COLUMNS, Column, File, Options
from pipelines.sources.table.options import options as checked

# What tells two observations of one release apart; the rest is what is said of the cell.
_CELL = ("indicator", "definition", "ref_area", "urbanisation", "breakdown", "time_period", "flow", "publisher", "document")
_MOST_SHOWN = 10


def read(path: Path, kind: str, options: dict[str, Any]) -> pl.DataFrame:
    """Statements of one release: text columns ``STATEMENT_COLUMNS[kind]``, in the order of rows, then of value columns.

    ``locator`` names the cell a statement was read from. Raises ReleaseUnreadable: options that cannot be, a file that is
    not of the declared form, a table that is not the declared one.
    """
    declared = checked(options, kind)
    table = _table(_grid(path, declared.file), declared)
    said: dict[str, list[str | None]] = {name: [] for name in STATEMENT_COLUMNS[kind]}
    met: dict[tuple[str | None, ...], str] = {}
    for statement, place, row in _statements(table, declared, kind):
        if kind == "observation":
            cell = tuple(statement.get(name) for name in _CELL)
            if cell in met:
                raise ReleaseUnreadable(f"{place} states the same cell as {met[cell]}", rule="one value for a cell", row=row)
            met[cell] = place
        for name, values in said.items():
            values.append(statement.get(name))
    if not any(said.values()):
        raise ReleaseUnreadable("the table has no rows", rule="at least one statement")
    return pl.DataFrame(said, schema=dict.fromkeys(said, pl.String))


def shown(path: Path, file: File) -> list[tuple[str, list[str]]]:
    """Each header of the file's table with the distinct texts below it; for whoever is about to declare them.

    Raises ReleaseUnreadable.
    """
    grid = _grid(path, file)
    headers = [collapsed(cell.text) for cell in _header_row(grid, file)]
    rows = _rows(grid, len(headers), file)
    return [
        (name, list(dict.fromkeys(text for _, cells in rows if (text := collapsed(cells[at].text)))))
        for at, name in enumerate(headers)
        if name
    ]


@dataclass(frozen=True)
class _Table:
    """The declared columns with their index in the file, and the rows below the header."""

    grid: Grid
    header_row: int
    columns: list[tuple[Column, int]]
    rows: list[tuple[int, list[Cell]]]


def _grid(path: Path, file: File) -> Grid:
    match file.form:
        case "csv":
            return separated.read(path, file.encoding, file.delimiter)
        case "xlsx":
            return workbook.read(path, file.sheet, file.header_row)
        case _:
            return columnar.read(path)


def _header_row(grid: Grid, file: File) -> list[Cell]:
    for number, cells in grid.rows:
        if number == file.header_row:
            while cells and cells[-1].kind is Kind.BLANK:
                cells = cells[:-1]
            if cells:
                return cells
    raise ReleaseUnreadable(f"row {file.header_row} is empty, and should be the header", rule="a header row")


def _table(grid: Grid, declared: Options) -> _Table:
    file = declared.file
    head = _header_row(grid, file)
    for index, cell in enumerate(head):
        if cell.kind not in (Kind.TEXT, Kind.NUMBER, Kind.BLANK):
            raise ReleaseUnreadable(
                f"the header {grid.place(file.header_row, index)} is {cell.kind.value}", rule="headers are texts"
            )
    headers = [collapsed(cell.text) for cell in head]
    columns = _matched(headers, declared, grid)
    rows = _rows(grid, len(headers), file)
    # A header that is blank heads nothing: its column must be blank too.
    for index in (at for at, name in enumerate(headers) if not name):
        for number, cells in rows:
            if cells[index].kind is not Kind.BLANK:
                raise ReleaseUnreadable(
                    f"{grid.place(number, index)} has a value and its column no header", rule="a header over every value"
                )
    return _Table(grid, file.header_row, columns, rows)


def _matched(headers: list[str], declared: Options, grid: Grid) -> list[tuple[Column, int]]:
    """The declared columns by header; their order is free. What came, went or stands twice is named."""
    found = [name for name in headers if name]
    wanted = [column.header for column in declared.columns]
    doubled = sorted({name for name in found if found.count(name) > 1})
    new = [name for name in found if name not in wanted]
    gone = [name for name in wanted if name not in found]
    said = [
        f"{what} {', '.join(repr(name[:60]) for name in names[:_MOST_SHOWN])}"
        for what, names in (("gone:", gone), ("new:", new), ("twice:", doubled))
        if names
    ]
    if said:
        raise ReleaseUnreadable(
            f"the columns are not the declared ones ({grid.place(declared.file.header_row, 0)} on): {'; '.join(said)}; "
            "when the publisher changed its table, declare it anew in dataset.yml",
            rule="exactly the declared columns",
        )
    return [(column, headers.index(column.header)) for column in declared.columns]


def _rows(grid: Grid, width: int, file: File) -> list[tuple[int, list[Cell]]]:
    """The rows of the table, each as wide as its header: after it, before the declared end, without those skipped."""
    rows: list[tuple[int, list[Cell]]] = []
    ended = file.ends_before is None
    fields = next(len(cells) for number, cells in grid.rows if number == file.header_row)
    for number, cells in grid.rows:
        if number <= file.header_row or number in file.skip_rows:
            continue
        first = next((cell for cell in cells if cell.kind is not Kind.BLANK), BLANK)
        if file.ends_before is not None and collapsed(first.text).startswith(file.ends_before):
            ended = True
            break
        # One field more may be a decimal or thousands comma that nobody quoted, even when the last field is blank.
        if file.form == "csv" and cells and len(cells) != fields:
            raise ReleaseUnreadable(
                f"line {number} has {len(cells)} fields, the header {fields}",
                rule="one field per column",
                row=number - file.header_row,
            )
        beyond = next((index for index, cell in enumerate(cells) if index >= width and cell.kind is not Kind.BLANK), None)
        if beyond is not None:
            raise ReleaseUnreadable(
                f"{grid.place(number, beyond)} holds {cells[beyond].text[:60]!r} beside the table of {width} columns",
                rule="one field per column",
                row=number - file.header_row,
            )
        rows.append((number, [*cells[:width], *[BLANK] * (width - len(cells))]))
    if not ended:
        raise ReleaseUnreadable(
            f"no row starts with {file.ends_before!r}, before which the table ends", rule="the declared end of the table"
        )
    while rows and _is_blank(rows[-1][1]):
        rows.pop()
    for number, cells in rows:
        if _is_blank(cells):
            raise ReleaseUnreadable(
                f"row {number} is blank, and there are rows after it: what follows may be another table",
                rule="no blank row in the table",
                row=number - file.header_row,
            )
    return rows


def _is_blank(cells: list[Cell]) -> bool:
    return all(cell.kind is Kind.BLANK for cell in cells)


def _statements(table: _Table, declared: Options, kind: str) -> Iterator[tuple[dict[str, str | None], str, int]]:
    """Each statement with the place it was read from and its row of the table, counted from the header."""
    values = [(column, at) for column, at in table.columns if column.value is not None]
    shared = [(column, at) for column, at in table.columns if column.gives]
    _unknown_labels(table, shared)
    for number, cells in table.rows:
        row = number - table.header_row
        if any(_is_left_out(column, collapsed(cells[at].text)) for column, at in shared):
            continue
        said: dict[str, str | None] = dict(declared.constants)
        for column, at in shared:
            said.update(_given(column, cells[at], table.grid.place(number, at), row, declared))
        if not values:
            place = table.grid.place(number, _headline_at(shared, declared))
            yield {"locator": place, **said}, place, row
        for column, at in values:
            place = table.grid.place(number, at)
            value = _number(column, declared.headline or "", cells[at], place, row, declared)
            yield {"locator": f"{place} ({column.header})", **said, **(column.value or {}), **value}, place, row


def _is_left_out(column: Column, label: str) -> bool:
    return label in column.leave_out or (column.leave_out_others and label not in (column.codes or {}))


def _headline_at(shared: list[tuple[Column, int]], declared: Options) -> int:
    return next((at for column, at in shared if declared.headline in column.gives), shared[0][1] if shared else 0)


def _unknown_labels(table: _Table, shared: list[tuple[Column, int]]) -> None:
    """All labels of a column that its codes do not know, at once: a new region is declared in one go."""
    for column, at in shared:
        if column.codes is None:
            continue
        unknown: dict[str, int] = {}
        for number, cells in table.rows:
            label = collapsed(cells[at].text)
            if label not in column.codes and not _is_left_out(column, label):
                unknown.setdefault(label, number)
        if unknown:
            label, number = next(iter(unknown.items()))
            more = (
                f"; also unknown: {', '.join(repr(each[:60]) for each in list(unknown)[1:_MOST_SHOWN])}"
                if len(unknown) > 1
                else ""
            )
            raise ReleaseUnreadable(
                f"{table.grid.place(number, at)}: the label is none of the {len(column.codes)} that codes knows{more}; "
                "declare it in dataset.yml, or leave it out there",
                rule="declared labels only",
                row=number - table.header_row,
                column=column.header,
                value=label[:200],
            )


def _given(column: Column, cell: Cell, place: str, row: int, declared: Options) -> dict[str, str | None]:
    """What a cell says of every statement of its row."""
    if column.codes is not None:
        return dict(column.codes[collapsed(cell.text)])
    name = column.gives[0]
    if name in NUMBER_COLUMNS:
        return _number(column, name, cell, place, row, declared)
    if column.periods:
        try:
            return {name: printed.period(cell, column.periods, since_january=column.since_january)}
        except printed.Unclear as unclear:
            raise _refused(column, cell, place, row, str(unclear), "periods as declared") from unclear
    if cell.kind not in (Kind.TEXT, Kind.BLANK):
        raise _refused(
            column, cell, place, row, f"is {cell.kind.value}, and a text is declared", "texts where texts are declared"
        )
    return {name: collapsed(cell.text) or None}


def _number(column: Column, name: str, cell: Cell, place: str, row: int, declared: Options) -> dict[str, str | None]:
    """The number of a cell, or the status that stands for it. A missing code and a mark decide the status beside the number."""
    text = collapsed(cell.text)
    if cell.kind in (Kind.TEXT, Kind.BLANK) and text in declared.missing:
        return {name: None, "obs_status": declared.missing[text]}
    if cell.kind is Kind.NUMBER:
        return {name: _shown(column, cell, place, row)}
    if cell.kind is Kind.BLANK:
        if name in ("obs_lower", "obs_upper", "target_lower", "target_upper", "baseline_value"):
            return {name: None}
        raise _refused(
            column,
            cell,
            place,
            row,
            "is blank, and options.missing does not say what a blank stands for",
            "no blank without a meaning",
        )
    if cell.kind is not Kind.TEXT:
        raise _refused(
            column, cell, place, row, f"is {cell.kind.value}, and a number is declared", "numbers where numbers are declared"
        )
    marked: dict[str, str | None] = {}
    for mark, status in declared.status_marks.items():
        if text.endswith(mark):
            text, marked = text.removesuffix(mark).strip(), {"obs_status": status}
            break
    if column.suffix:
        if not text.endswith(column.suffix):
            raise _refused(column, cell, place, row, f"does not end with the declared {column.suffix!r}", "the declared suffix")
        text = text.removesuffix(column.suffix).strip()
    try:
        return {name: printed.number(text, declared.number), **marked}
    except printed.Unclear as unclear:
        raise _refused(column, cell, place, row, str(unclear), "numbers as declared") from unclear


def _shown(column: Column, cell: Cell, place: str, row: int) -> str:
    """The digits of a number cell; under a format that shows another number, the one that was declared to be meant."""
    if not cell.shown_scale or column.formatted_cells == "as_stored":
        return cell.text
    shown = plain(Decimal(cell.text).scaleb(cell.shown_scale).normalize())
    if column.formatted_cells is None:
        what = f"is stored as {cell.text} and shown as {shown}: declare formatted_cells as_shown or as_stored"
        raise _refused(column, cell, place, row, what, "one number in a cell")
    return shown


def _refused(column: Column, cell: Cell, place: str, row: int, what: str, rule: str) -> ReleaseUnreadable:
    value = cell.text[:200] if cell.text else None
    return ReleaseUnreadable(f"{place} {what}", rule=rule, row=row, column=column.header, value=value)
