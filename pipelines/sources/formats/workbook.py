"""Spreadsheets (.xlsx) -> a grid of one sheet. The archive is measured before it is parsed, and entities are never expanded.

A formula counts as the result that was stored with it. What a person would not see or not read as one table is refused:
hidden sheets, rows and columns, merged cells below the title.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from datetime import date, datetime, time, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pipelines.sources import ReleaseUnreadable
from pipelines.sources.formats import (
    BLANK,
    MAX_COLUMNS,
    Cell,
    Grid,
    Kind,
    check_cells,
    check_size,
    is_of_the_disk,
    number_cell,
    text_cell,
)

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

MAX_MEMBERS = 1_000
MAX_UNPACKED = 100_000_000
MAX_RATIO = 200
MAX_TAGS = 3_000_000
"""Members of an archive, bytes they unpack to, how many times their packed size that is, and XML tags in all of them."""

_OLD_OR_ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_CHUNK = 1 << 20
# A number format that ends its digits with commas shows thousands, millions ...
_SCALING = re.compile(r"[0#?](,+)(?![0#?,])")
_IN_QUOTES = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')


def read(path: Path, sheet: str | None, header_row: int) -> Grid:
    """The cells of ``sheet`` by row number, from row 1; None is the only sheet there is. Raises ReleaseUnreadable."""
    check_size(path)
    check_archive(path)
    formulas = _sheet(path, sheet, header_row, results=False)
    uncomputed = {cell.coordinate for row in formulas.iter_rows() for cell in row if cell.data_type == "f"}
    del formulas
    seen = _sheet(path, sheet, header_row, results=True)
    title = str(seen.title)
    rows = [(number, [_cell(cell, title, uncomputed) for cell in row]) for number, row in enumerate(seen.iter_rows(), start=1)]

    def place(row: int, index: int) -> str:
        from openpyxl.utils import get_column_letter

        return f"{title}!{get_column_letter(index + 1)}{row}"

    return Grid(rows, place)


def check_archive(path: Path) -> None:
    """Raises ReleaseUnreadable for what is no workbook, and for an archive built to harm whoever unpacks it."""
    with path.open("rb") as file:
        start = file.read(512)
    if start.startswith(_OLD_OR_ENCRYPTED):
        encrypted = "EncryptedPackage".encode("utf-16-le") in path.read_bytes()
        was = "is encrypted: save it without a password" if encrypted else "is a workbook of the old .xls form: save it as .xlsx"
        raise ReleaseUnreadable(f"the file {was}", rule="an .xlsx workbook")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise ReleaseUnreadable("the file is a web page or XML under the name of a workbook", rule="an .xlsx workbook")
    try:
        with zipfile.ZipFile(path) as archive:
            _measure(archive, path.stat().st_size)
    # What zipfile and zlib say of damaged archives; of a place that is none in the file, the system does (a negative offset).
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        if is_of_the_disk(error):
            raise
        raise ReleaseUnreadable(f"the file is no whole .xlsx workbook: {error}", rule="an .xlsx workbook") from error


def _measure(archive: zipfile.ZipFile, size: int) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ReleaseUnreadable(f"the workbook holds {len(members)} files", rule=f"at most {MAX_MEMBERS} files in a workbook")
    if len({member.filename for member in members}) < len(members):
        raise ReleaseUnreadable("the workbook holds two files of one name", rule="one file of a name in a workbook")
    for member in members:
        name = member.filename
        if name.startswith("/") or "\\" in name or ":" in name or ".." in PurePosixPath(name).parts:
            raise ReleaseUnreadable(f"the workbook holds a file named {name[:80]!r}", rule="names that stay inside the workbook")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ReleaseUnreadable(f"{name} in the workbook is packed by another method than deflate", rule="an .xlsx workbook")
        if member.flag_bits & 1:
            raise ReleaseUnreadable(f"{name} in the workbook is encrypted", rule="no encryption")
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= {member.filename for member in members}:
        raise ReleaseUnreadable("the archive holds no workbook", rule="an .xlsx workbook")
    # What the archive claims may be a lie: every byte is unpacked once, and counted.
    unpacked = tags = 0
    for member in members:
        with archive.open(member) as stream:
            while chunk := stream.read(_CHUNK):
                unpacked += len(chunk)
                tags += chunk.count(b"<") if member.filename.endswith((".xml", ".rels")) else 0
                if unpacked > MAX_UNPACKED or unpacked > max(size, 10_000) * MAX_RATIO:
                    raise ReleaseUnreadable(
                        f"the workbook of {size} bytes unpacks to more than {unpacked - len(chunk)}",
                        rule=f"at most {MAX_UNPACKED} bytes unpacked and {MAX_RATIO} times the packed size",
                    )
                if tags > MAX_TAGS:
                    raise ReleaseUnreadable(
                        "the workbook has too many cells; publish CSV or Parquet", rule=f"at most {MAX_TAGS} XML tags"
                    )


def _sheet(path: Path, name: str | None, header_row: int, *, results: bool) -> Worksheet:
    import openpyxl

    try:
        with warnings.catch_warnings():
            # What openpyxl warns of are drawings, validations and extensions it drops; cells it cannot read become errors.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, data_only=results, keep_links=False)
    except Exception as error:
        # A damaged workbook fails anywhere in openpyxl, with any exception of Python's; it is refused whatever it is.
        first: BaseException = error
        while first.__context__ is not None:
            first = first.__context__
        what = f"{type(first).__name__}: {' '.join(str(first).split())[:200]}"
        raise ReleaseUnreadable(f"the workbook cannot be read: {what}", rule="an .xlsx workbook") from error
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name is None:
        if len(sheets) != 1:
            raise ReleaseUnreadable(
                f"the workbook has {len(sheets)} sheets ({', '.join(map(repr, sheets))}) and none is declared",
                rule="one sheet, or its name",
            )
        name = next(iter(sheets))
    if name not in sheets:
        raise ReleaseUnreadable(
            f"there is no sheet {name!r}; the workbook has {', '.join(map(repr, sheets))}", rule="the declared sheet"
        )
    sheet = sheets[name]
    if sheet.sheet_state != "visible":
        raise ReleaseUnreadable(f"the sheet {name!r} is hidden", rule="nothing hidden")
    check_cells(sheet.max_row, min(sheet.max_column, MAX_COLUMNS + 1))
    merged = [area for area in sheet.merged_cells.ranges if area.max_row >= header_row]
    if merged:
        raise ReleaseUnreadable(
            f"the cells {name}!{merged[0].coord} are merged: a value belongs to one cell; undo the merge",
            rule="no merged cells in the table",
        )
    hidden = [f"row {at}" for at, row in sheet.row_dimensions.items() if row.hidden and at >= header_row]
    hidden += [f"column {at}" for at, column in sheet.column_dimensions.items() if column.hidden]
    if hidden:
        raise ReleaseUnreadable(f"{', '.join(hidden[:5])} of sheet {name!r} hidden: show or delete it", rule="nothing hidden")
    return sheet


def _cell(cell: Any, sheet: str, uncomputed: set[str]) -> Cell:
    value, place = cell.value, f"{sheet}!{cell.coordinate}"
    if cell.data_type == "e":
        return Cell(Kind.ERROR, str(value))
    match value:
        case None:
            return Cell(Kind.UNCOMPUTED, "") if cell.coordinate in uncomputed else BLANK
        case bool():
            return Cell(Kind.TRUTH, str(value).upper())
        case int() | float():
            return number_cell(value, place, _shown_scale(cell.number_format))
        case datetime() if value.time() == time():
            return Cell(Kind.DATE, value.date().isoformat())
        case datetime() | time() | timedelta():
            return Cell(Kind.TIME, str(value))
        case date():
            return Cell(Kind.DATE, value.isoformat())
        case _:
            return text_cell(str(value), place)


def _shown_scale(number_format: str) -> int:
    """How many tens a number format moves what is shown: percent +2, each thousands comma at the end of the digits -3."""
    bare = _IN_QUOTES.sub("", number_format).partition(";")[0]
    commas = _SCALING.search(bare)
    return 2 * bare.count("%") - (3 * len(commas[1]) if commas else 0)
