"""Text files of separated values (CSV) -> a grid; encoding and delimiter are as declared, and nothing is sniffed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from pipelines.sources import ReleaseUnreadable
from pipelines.sources.formats import BLANK, MAX_CELLS, Cell, Grid, check_cells, check_size, text_cell

ENCODINGS = ("utf-8", "utf-8-bom", "windows-1252")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read(path: Path, encoding: str, delimiter: str) -> Grid:
    """Every record of the file, its number being the line it starts on. Raises ReleaseUnreadable."""
    check_size(path)
    rows: list[tuple[int, list[Cell]]] = []
    text = _text(path.read_bytes(), encoding)
    ends = _LineEnds(text)
    records = csv.reader(ends, delimiter=delimiter, strict=True)
    cells = first_line = 0
    try:
        for record in records:
            line, first_line = first_line + 1, records.line_num
            ends.check(line)
            cells += len(record)
            check_cells(1, len(record))
            if cells > MAX_CELLS:
                raise ReleaseUnreadable(
                    f"the table has too many cells, counted to line {line}", rule=f"at most {MAX_CELLS} cells"
                )
            rows.append((line, [_cell(field, line, index) for index, field in enumerate(record)]))
    except csv.Error as error:
        raise ReleaseUnreadable(
            f"line {first_line + 1}: not a file of values separated by {delimiter!r}: {error}", rule="CSV"
        ) from error
    return Grid(rows, _place)


class _LineEnds:
    """The lines of a text; a record that ends unlike the first one was pasted in from elsewhere or cut in two."""

    def __init__(self, text: str):
        self._text = text
        self._first: str | None = None
        self._line = ""

    def __iter__(self) -> Iterator[str]:
        for line in io.StringIO(self._text, newline=""):
            self._line = line
            yield line

    def check(self, line: int) -> None:
        end = self._line[len(self._line.rstrip("\r\n")) :]
        self._first = self._first or end
        if end and end != self._first:
            raise ReleaseUnreadable(
                f"line {line} ends with {end!r}, the lines before it with {self._first!r}", rule="one kind of line end"
            )


def _cell(field: str, line: int, index: int) -> Cell:
    return text_cell(field, _place(line, index)) if field else BLANK


def _place(line: int, index: int) -> str:
    return f"line {line}, field {index + 1}"


def _text(data: bytes, encoding: str) -> str:
    marked = data.startswith(_BYTE_ORDER_MARK)
    if marked and encoding != "utf-8-bom":
        raise ReleaseUnreadable(
            f"the file starts with UTF-8's byte-order mark, and {encoding} is declared: declare utf-8-bom", rule=encoding
        )
    if encoding == "utf-8-bom" and not marked:
        raise ReleaseUnreadable("the file does not start with the byte-order mark that utf-8-bom declares", rule=encoding)
    if encoding == "windows-1252" and not data.isascii() and _is_utf_8(data):
        raise ReleaseUnreadable("the file is UTF-8, and windows-1252 is declared: its accents would be garbled", rule=encoding)
    try:
        return data.decode({"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "windows-1252": "cp1252"}[encoding])
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReleaseUnreadable(
            f"line {line}: byte {error.start} of the file is not {encoding} ({error.reason})", rule=encoding
        ) from error


def _is_utf_8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
