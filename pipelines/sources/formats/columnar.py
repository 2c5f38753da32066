"""Parquet files -> a grid whose first row is the column names. Only columns of texts, numbers and dates are known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.sources import ReleaseUnreadable
from pipelines.sources.formats import (
    BLANK,
    MAX_TEXT,
    Cell,
    Grid,
    Kind,
    check_cells,
    check_size,
    is_of_the_disk,
    number_cell,
    text_cell,
)

MAX_UNPACKED = 200_000_000


def read(path: Path) -> Grid:
    """The column names as row 1, the rows of the table after it. Raises ReleaseUnreadable."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    check_size(path)
    try:
        with pq.ParquetFile(path) as described:
            metadata, schema = described.metadata, described.schema_arrow
        check_cells(metadata.num_rows, metadata.num_columns)
        unpacked = sum(metadata.row_group(index).total_byte_size for index in range(metadata.num_row_groups))
        if unpacked > MAX_UNPACKED:
            raise ReleaseUnreadable(f"the file unpacks to {unpacked} bytes", rule=f"at most {MAX_UNPACKED} bytes unpacked")
        for field in schema:
            if not _known(field.type):
                raise ReleaseUnreadable(
                    f"column {field.name!r} is of type {field.type}; known are texts, integers, floats, decimals and dates",
                    rule="known column types",
                    column=field.name,
                )
        texts = [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
        # A text repeated a million times stays one text while its length is looked at.
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        if is_of_the_disk(error):
            raise
        raise ReleaseUnreadable(f"the file is no whole Parquet file: {str(error).splitlines()[0]}", rule="Parquet") from error
    rows: list[tuple[int, list[Cell]]] = [(1, [text_cell(name, f"column {name!r}") for name in table.column_names])]
    columns = [_cells(table.column(index), name) for index, name in enumerate(table.column_names)]
    rows += [(number, list(cells)) for number, cells in enumerate(zip(*columns, strict=True), start=2)]
    return Grid(rows, lambda row, index: f"row {row - 1} of column {table.column_names[index]!r}")


def _known(kind: Any) -> bool:
    import pyarrow.types as of

    return any(
        is_so(kind)
        for is_so in (
            of.is_string,
            of.is_large_string,
            of.is_integer,
            of.is_float32,
            of.is_float64,
            of.is_decimal,
            of.is_date,
            of.is_null,
        )
    )


def _cells(column: Any, name: str) -> list[Cell]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        longest = max((pc.max(pc.utf8_length(chunk.dictionary)).as_py() or 0 for chunk in column.chunks), default=0)
        if longest > MAX_TEXT:
            raise ReleaseUnreadable(
                f"column {name!r} holds a text of {longest} characters",
                rule=f"texts of at most {MAX_TEXT} characters",
                column=name,
            )
    if pa.types.is_float32(column.type):
        # Its own shortest digits: 0.1 and not 0.10000000149.
        shortest = pl.Series(name, column).cast(pl.String).to_list()
        return [
            _cell(None if text is None else Decimal(text.removesuffix(".0")), name, row)
            for row, text in enumerate(shortest, start=1)
        ]
    return [_cell(value, name, row) for row, value in enumerate(column.to_pylist(), start=1)]


def _cell(value: Any, name: str, row: int) -> Cell:
    place = f"row {row} of column {name!r}"
    match value:
        case None:
            return BLANK
        case int():
            return number_cell(Decimal(value), place)
        case float() | Decimal():
            return number_cell(value, place)
        case date():
            return Cell(Kind.DATE, value.isoformat())
        case _:
            return text_cell(value, place)
