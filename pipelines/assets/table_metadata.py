"""What Dagster shows of a table: rows, columns, a preview."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import duckdb

from pipelines.checks.shown import markdown

_PREVIEWED = 5


def table_metadata(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, where: str = "true", values: list[Any] | None = None
) -> dict[str, Any]:
    """Metadata of ``schema.table``, or of the slice of it that ``where`` selects."""
    return _metadata(connection, schema, table, _columns(connection, [(schema, table)])[schema, table], where, values)


def metadata_of_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]) -> Iterator[dict[str, Any]]:
    """Metadata of each of ``tables`` (schema and name): the catalog, which is slow to answer, is asked once."""
    columns = _columns(connection, tables)
    return (_metadata(connection, *table, columns[table]) for table in tables)


def _columns(connection: duckdb.DuckDBPyConnection, tables: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dg.TableSchema]:
    found: dict[tuple[str, str], list[dg.TableColumn]] = {table: [] for table in tables}
    rows = connection.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where (schema_name, table_name) in (select (unnest($1), unnest($2))) order by column_index",
        [[schema for schema, _ in tables], [table for _, table in tables]],
    ).fetchall()
    for schema, table, name, dtype, comment in rows:
        found[schema, table].append(dg.TableColumn(name, type=dtype, description=comment))
    return {table: dg.TableSchema(columns) for table, columns in found.items()}


def _metadata(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    columns: dg.TableSchema,
    where: str = "true",
    values: list[Any] | None = None,
) -> dict[str, Any]:
    [(count,)] = connection.execute(f'select count(*) from "{schema}"."{table}" where {where}', values or []).fetchall()
    rows = connection.sql(f'select * from "{schema}"."{table}" where {where} limit {_PREVIEWED}', params=values or []).pl()
    return {
        "dagster/table_name": f"{schema}.{table}",
        "dagster/row_count": int(count),
        "dagster/column_schema": columns,
        "preview": dg.MetadataValue.md(markdown(rows)),
    }
