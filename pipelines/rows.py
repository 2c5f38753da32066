"""Takes a question in SQL and writes its rows as CSV or JSON, batch by batch: a result larger than memory passes through.

Numbers keep every digit that they have: a decimal is never made a float on the way, and loses only the zeros that its column
pads it with. What opens the file and asks does not belong here.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import IO, Any

import duckdb

from pipelines.errors import BadInput

_BATCH = 10_000
# DESCRIBE, SUMMARIZE, SHOW, FROM and VALUES are SELECT too; a PIVOT is MULTI.
_ASKS = (
    duckdb.StatementType.SELECT,
    duckdb.StatementType.EXPLAIN,
    duckdb.StatementType.CALL,
    duckdb.StatementType.PRAGMA,
    duckdb.StatementType.MULTI,
)


def question(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The one statement of ``sql``, which asks and changes nothing. Raises BadInput, and duckdb.Error for what is no SQL."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise BadInput(f"{len(statements)} statements were given: ask one question, such as `from marts.regional_indicators`")
    if statements[0].type not in _ASKS:
        raise BadInput(
            f"{statements[0].type.name} asks nothing: SELECT, FROM, DESCRIBE, SUMMARIZE, PIVOT, EXPLAIN and the like do; --csv "
            "and --json write the rows"
        )
    return statements[0]


def write_csv(result: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """A header, then a line per row; what is null is empty, lists and structs are JSON."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_columns(result))
    for row in _rows(result):
        writer.writerow("" if value is None else value if isinstance(value, str) else _plain(value) for value in row)


def write_json(result: duckdb.DuckDBPyConnection, out: IO[str]) -> None:
    """A list of objects, one line each. JSON has no NaN and no infinity: they are the texts "NaN", "Infinity", "-Infinity".

    Raises BadInput when two columns have one name, which an object cannot hold.
    """
    names = _columns(result)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput(f"two columns are named {twice[0]!r}: a JSON object holds a name once; rename one with `as`")
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    before = "[\n  "
    for row in _rows(result):
        out.write(before + "{" + ", ".join(f"{key}: {_json(value)}" for key, value in zip(keys, row, strict=True)) + "}")
        before = ",\n  "
    out.write("\n]\n" if before.startswith(",") else "[]\n")


def _columns(result: duckdb.DuckDBPyConnection) -> list[str]:
    return [column[0] for column in result.description or []]


def _rows(result: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    while batch := result.fetchmany(_BATCH):
        yield from batch


def _plain(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    said = _json(value)
    return str(json.loads(said)) if said.startswith('"') else said


def _json(value: Any) -> str:
    if isinstance(value, Decimal):
        said = f"{value:f}"
        return said.rstrip("0").rstrip(".") if "." in said else said
    if isinstance(value, float) and not math.isfinite(value):
        return '"NaN"' if math.isnan(value) else '"Infinity"' if value > 0 else '"-Infinity"'
    if value is None or isinstance(value, (bool, int, float, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_json(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key), ensure_ascii=False)}: {_json(each)}" for key, each in value.items()) + "}"
    return json.dumps(value.hex() if isinstance(value, bytes) else str(value), ensure_ascii=False)
