"""What Dagster shows of a table: rows, columns, a preview."""

from __future__ import annotations

from typing import Any

import dagster as dg
import duckdb

from pipelines.checks.shown import markdown

_PREVIEWED = 5


def table_metadata(
    connection: duckdb.DuckDBPyConnection, schema: str, table: str, where: str = "true", values: list[Any] | None = None
) -> dict[str, Any]:
    """Metadata of ``schema.table``, or of the slice of it that ``where`` selects."""
    described = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() where schema_name = ? and table_name = ? "
        "order by column_index",
        [schema, table],
    ).fetchall()
    [(count,)] = connection.execute(f'select count(*) from "{schema}"."{table}" where {where}', values or []).fetchall()
    rows = connection.sql(f'select * from "{schema}"."{table}" where {where} limit {_PREVIEWED}', params=values or []).pl()
    return {
        "dagster/table_name": f"{schema}.{table}",
        "dagster/row_count": int(count),
        "dagster/column_schema": dg.TableSchema(
            [dg.TableColumn(name, type=dtype, description=comment) for name, dtype, comment in described]
        ),
        "preview": dg.MetadataValue.md(markdown(rows)),
    }
