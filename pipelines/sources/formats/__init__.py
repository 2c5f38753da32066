"""File formats that publishers use for tables: bytes -> a grid of cells as they are stored, with nothing decided.

What does not belong here: which column means what (``sources.table``), and any publisher's own layout.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from pipelines.sources import ReleaseUnreadable

MAX_BYTES = 50_000_000
MAX_CELLS = 1_000_000
MAX_COLUMNS = 2_000
MAX_TEXT = 10_000
"""Limits that are checked before memory is spent: a file, its table, the width of a row, the text of one cell."""

SIGNIFICANT_DIGITS = 15
"""What a spreadsheet shows at most of a number, and a binary double keeps of every decimal one."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BLANKS = re.compile(r"\s+")


class Kind(Enum):
    """What a cell holds, as the file says it; a text file knows only texts and blanks."""

    BLANK = "nothing"
    TEXT = "a text"
    NUMBER = "a number"
    DATE = "a date"
    TRUTH = "TRUE or FALSE"
    TIME = "a time of day"
    ERROR = "an error of a formula"
    UNCOMPUTED = "a formula whose result was never stored"


class Cell(NamedTuple):
    """One cell. ``text``: the text, a number's plain digits, a date as YYYY-MM-DD.

    A reader of the sheet sees ``text`` x 10^``shown_scale``: 2 under a percent format, -3 under one that shows thousands.
    """

    kind: Kind
    text: str
    shown_scale: int = 0


BLANK = Cell(Kind.BLANK, "")


@dataclass(frozen=True)
class Grid:
    """Rows of a file by the number a person sees beside them; ``place`` names a cell from its row number and column index."""

    rows: list[tuple[int, list[Cell]]]
    place: Callable[[int, int], str]


def is_of_the_disk(error: Exception) -> bool:
    """Whether an error met while a file was taken apart is the system's, and no release to be refused for it: those carry its
    number. So does one that is the file's own, an offset before its beginning (EINVAL).
    """
    return isinstance(error, OSError) and error.errno not in (None, errno.EINVAL)


def collapsed(text: str) -> str:
    """``text`` without blanks around it, each run of blanks inside (no-break ones, line breaks) being one."""
    return _BLANKS.sub(" ", text).strip()


def text_cell(text: str, place: str) -> Cell:
    """The cell of a text. Raises ReleaseUnreadable for control characters and for texts that no table holds."""
    if len(text) > MAX_TEXT:
        raise ReleaseUnreadable(f"{place} holds a text of {len(text)} characters", rule=f"texts of at most {MAX_TEXT} characters")
    if found := _CONTROL.search(text):
        raise ReleaseUnreadable(
            f"{place} holds the control character {found.group()!r}", rule="no control characters", value=text[:40]
        )
    return Cell(Kind.TEXT, text) if text.strip() else BLANK


def number_cell(value: float | int | Decimal, place: str, shown_scale: int = 0) -> Cell:
    """The cell of a number in plain digits: a double with the 15 significant digits it surely has, so that 0.1 + 0.2 is 0.3.

    A Decimal is exact, and taken as it is. Raises ReleaseUnreadable for what is not finite, and for a double or a
    spreadsheet's whole number of more digits than a double keeps.
    """
    number = value if isinstance(value, Decimal) else Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ReleaseUnreadable(f"{place} holds {value}, which is no number", rule="finite numbers", value=str(value))
    if not isinstance(value, Decimal) and abs(number) >= 10**SIGNIFICANT_DIGITS:
        raise ReleaseUnreadable(
            f"{place} holds {number:.3e}, more digits than a spreadsheet or a double keeps",
            rule=f"whole numbers of at most {SIGNIFICANT_DIGITS} digits",
        )
    if isinstance(value, float):
        number = Decimal(format(value, f".{SIGNIFICANT_DIGITS}g"))
    return Cell(Kind.NUMBER, plain(number), shown_scale)


def plain(number: Decimal) -> str:
    """Digits without an exponent; no minus before a zero."""
    text = format(number, "f")
    return text.removeprefix("-") if not number else text


def check_size(path: Path) -> None:
    """Raises ReleaseUnreadable for an empty file and for one that is too large to be opened."""
    size = path.stat().st_size
    if size == 0:
        raise ReleaseUnreadable("the file is empty", rule="a file with a table")
    if size > MAX_BYTES:
        raise ReleaseUnreadable(f"the file has {size} bytes", rule=f"at most {MAX_BYTES} bytes")


def check_cells(rows: int, columns: int) -> None:
    """Raises ReleaseUnreadable for a table that is too wide or has too many cells."""
    if columns > MAX_COLUMNS:
        raise ReleaseUnreadable(f"the table has {columns} columns", rule=f"at most {MAX_COLUMNS} columns")
    if rows * columns > MAX_CELLS:
        raise ReleaseUnreadable(f"the table has {rows} rows of {columns} columns", rule=f"at most {MAX_CELLS} cells")
