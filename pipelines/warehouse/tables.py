"""The raw tables: their columns come from the records, so that a record is written down once.

Ids are unique by the records' own check; an index on them would cost more than all else at every load.
"""

from __future__ import annotations

import polars as pl

from pipelines.records import columns

TABLE_OF_KIND = {"observation": "observations", "target": "targets", "event": "events"}

_DUCKDB_TYPE = {
    pl.String: "varchar",
    pl.Date: "date",
    pl.Int32: "integer",
    pl.Datetime: "timestamp",
}

_BOOKKEEPING = """
create table if not exists raw.releases (
    dataset varchar, release varchar, kind varchar, reader varchar, document varchar, published_on date,
    published_precision varchar, retrieved_on date, recorded_at timestamp, sha256 varchar, status varchar,
    row_count bigint, replaces varchar, reason varchar, note varchar, primary key (dataset, release)
);
create table if not exists raw.refused_rows (
    dataset varchar, release varchar, sha256 varchar, row_number integer, column_name varchar, value varchar, rule varchar,
    message varchar
);
create table if not exists raw.datasets (
    dataset varchar primary key, domain varchar, title_en varchar, title_fr varchar, title_ar varchar, description varchar,
    publisher varchar, address varchar, licence varchar, reader varchar, kind varchar, expected_every varchar,
    max_age_days integer, contact varchar
);
"""


def ddl() -> str:
    """Statements that create schema ``raw`` and its tables where they are missing."""
    statements = ["create schema if not exists raw;"]
    for kind, table in TABLE_OF_KIND.items():
        body = ", ".join(f"{name} {_DUCKDB_TYPE[dtype.base_type()]}" for name, dtype in columns(kind).items())
        statements.append(f"create table if not exists raw.{table} ({body});")
    return "\n".join(statements) + _BOOKKEEPING
