"""The plain figures format: hand-kept statements in a CSV whose columns are the record's own.

UTF-8 without a byte-order mark, comma, one header row with exactly the columns of its kind, empty for null.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable

_MOST_SHOWN = 40
MAX_BYTES = 20_000_000
"""A hand-kept file beyond this is a mistake; it is refused before it is read, so that memory stays bounded."""


def read(path: Path, kind: str, options: dict[str, Any]) -> pl.DataFrame:
    """Statements of one release: text columns ``STATEMENT_COLUMNS[kind]``, one row per statement, in file order.

    Raises ReleaseUnreadable when the file is no such CSV.
    """
    if options:
        raise ReleaseUnreadable(f"the figures format takes no options, got {sorted(options)}", rule="no options")
    size = path.stat().st_size
    if size == 0:
        raise ReleaseUnreadable("the file is empty", rule="a header row")
    if size > MAX_BYTES:
        raise ReleaseUnreadable(f"the file has {size} bytes", rule=f"at most {MAX_BYTES} bytes")
    columns = STATEMENT_COLUMNS[kind]
    data = path.read_bytes()
    frame = _plain(data, columns)
    return _row_by_row(data, columns) if frame is None else frame


def _plain(data: bytes, columns: tuple[str, ...]) -> pl.DataFrame | None:
    """The statements of a file without quotes, every line of which has its fields: what large files are, read at once.

    None for any other file, good or bad: one that is read row by row, which names what is wrong with it.
    """
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    if (
        b'"' in data
        or b"\r" in data
        or b"\n\n" in data
        or not data.startswith(",".join(columns).encode() + b"\n")
        # No line has more fields than the header, by the parser below; then by this count none has fewer.
        or data.count(b",") != lines * (len(columns) - 1)
    ):
        return None
    try:
        frame = pl.read_csv(data, infer_schema=False, quote_char=None, truncate_ragged_lines=False)
    except pl.exceptions.PolarsError:
        return None
    longest = max(frame.select(pl.all().str.len_bytes().max()).row(0), key=lambda length: length or 0) or 0
    return frame if frame.height == lines - 1 and frame.height and longest <= csv.field_size_limit() else None


def _row_by_row(data: bytes, columns: tuple[str, ...]) -> pl.DataFrame:
    rows: list[list[str | None]] = []
    lines = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    try:
        _check_header(next(lines, []), columns)
        for row in lines:
            if len(row) != len(columns):
                raise ReleaseUnreadable(
                    f"the row has {len(row)} fields, the header {len(columns)}",
                    rule="one field per column",
                    row=len(rows) + 1,
                )
            rows.append([cell or None for cell in row])
    except csv.Error as error:
        raise ReleaseUnreadable(f"not a comma-separated file: {error}", rule="CSV", row=len(rows) + 1) from error
    if not rows:
        raise ReleaseUnreadable("the file has a header and no statement", rule="at least one statement")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReleaseUnreadable(
            f"byte {error.start}, in line {line} of the file, is not UTF-8 ({error.reason}); save the file as UTF-8",
            rule="UTF-8",
            row=line - 1 if line > 1 else None,
        ) from error


def _check_header(header: list[str], columns: tuple[str, ...]) -> None:
    if header and header[0].startswith("\ufeff"):
        raise ReleaseUnreadable("the file starts with a byte-order mark; save it as UTF-8 without one", rule="no byte-order mark")
    if tuple(header) == columns:
        return
    missing = [column for column in columns if column not in header]
    # A file that is no such CSV may be one line of any length; the message stays one that a person reads.
    unknown = [column[:_MOST_SHOWN] for column in header if column not in columns][:_MOST_SHOWN]
    doubled = sorted(column for column in columns if header.count(column) > 1)
    said = [
        f"missing {', '.join(missing)}" if missing else "",
        f"unknown {', '.join(repr(column) for column in unknown)}" if unknown else "",
        f"doubled {', '.join(doubled)}" if doubled else "",
    ]
    detail = "; ".join(part for part in said if part) or "the columns stand in another order"
    raise ReleaseUnreadable(f"the header is not the format's: {detail}; expected {','.join(columns)}", rule="exact header")
