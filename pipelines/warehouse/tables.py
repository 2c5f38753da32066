"""The raw tables and their comments: what a record's columns are and mean is said in ``records``, the rest is said here.

Ids are unique by the records' own check; an index on them would cost more than all else at every load.
"""

from __future__ import annotations

import duckdb
import polars as pl

from pipelines.records import columns, descriptions
from pipelines.settings import sql_text

TABLE_OF_KIND = {"observation": "observations", "target": "targets", "event": "events"}
SET_ASIDE = {kind: f"pipeline.{TABLE_OF_KIND[kind]}_set_aside" for kind in ("target", "event")}
"""Per kind of record with ids of its own, where the draft keeps records whose ids others have: never published."""


def replaced(catalog: str = "") -> str:
    """A query for the releases (``dataset``, ``release``) that no longer stand, as the model ``stg_releases`` has it, with each
    accepted one that stands in their place and why (``replaced_by``, ``reason``).

    Each that an accepted one replaces, and what a refused one that it replaces was to mend. ``catalog`` is a prefix with its
    point.
    """
    return f"""
        with recursive stood_for as (
            select dataset, replaces as release, release as replaced_by, reason from {catalog}raw.releases
            where status = 'ACCEPTED' and replaces is not null
            union
            select releases.dataset, releases.replaces, stood_for.replaced_by, stood_for.reason from stood_for
            inner join {catalog}raw.releases as releases using (dataset, release)
            where releases.status = 'REFUSED' and releases.replaces is not null
        )
        select dataset, release, replaced_by, reason from stood_for
    """


COMMENTS = {
    "observations": "One row per published statement about one cell, of every accepted release, replaced ones too.",
    "targets": "One row per published statement of a strategy's target, of every accepted release, replaced ones too.",
    "events": "One row per published statement of an event, of every accepted release, replaced ones too.",
    "releases": "One row per release met, accepted or refused.",
    "refused_rows": "One row per problem of a refused release.",
    "datasets": "One row per data set, as its dataset.yml describes it.",
}
"""What one row of each raw table is."""

_DUCKDB_TYPE = {
    pl.String: "varchar",
    pl.Date: "date",
    pl.Int32: "integer",
    pl.Datetime: "timestamp",
}

# Table -> column -> type and meaning; the order is that of the inserts in ``loading``.
_BOOKKEEPING: dict[str, dict[str, tuple[str, str]]] = {
    "releases": {
        "dataset": ("varchar", "Data set that the release belongs to."),
        "release": ("varchar", "Name of the release: a file in the data set's folder."),
        "kind": ("varchar", "What its rows are: observation, target or event."),
        "reader": ("varchar", "Module of pipelines/sources that reads it."),
        "document": ("varchar", "Document that the release carries, when it is one alone (reference.documents)."),
        "published_on": ("date", "Date of publication (first day when only month or year is known); empty when unknown."),
        "published_precision": ("varchar", "How precisely the date of publication is known: DAY, MONTH, YEAR or UNKNOWN."),
        "retrieved_on": ("date", "Day on which the document was read."),
        "recorded_at": ("timestamp", "Moment (UTC) at which the release was filed here."),
        "sha256": ("varchar", "SHA-256 of the release's bytes."),
        "status": ("varchar", "ACCEPTED, or REFUSED as a whole because a row broke a rule."),
        "row_count": ("bigint", "Number of statements in it; 0 when refused."),
        "replaces": ("varchar", "Release whose slip this one mends."),
        "reason": ("varchar", "Why it replaces the other."),
        "note": ("varchar", "Note of whoever filed it."),
        "is_fetched": (
            "boolean",
            "Whether it was fetched from the publisher's address: its dates are then those of this release, and not those that "
            "the documents seed gives for the address. Empty when the sidecar cannot be read.",
        ),
    },
    "refused_rows": {
        "dataset": ("varchar", "Data set that the release belongs to."),
        "release": ("varchar", "The refused release."),
        "sha256": ("varchar", "SHA-256 of the release's bytes."),
        "row_number": ("integer", "Data row, counted from 1 without the header; empty when the whole file is meant."),
        "column_name": ("varchar", "Column; empty when the row or the file is meant."),
        "value": ("varchar", "The value as it stands in the file."),
        "rule": ("varchar", "Rule that is broken."),
        "message": ("varchar", "What is wrong and what to do."),
    },
    "datasets": {
        "dataset": ("varchar", "Data set: <domain>/<name>."),
        "domain": ("varchar", "Domain of the data set."),
        "title_en": ("varchar", "Title in English."),
        "title_fr": ("varchar", "Title in French."),
        "title_ar": ("varchar", "Title in Arabic."),
        "description": ("varchar", "What is in it and what to beware of."),
        "publisher": ("varchar", "Publisher of the figures (reference.publishers)."),
        "address": ("varchar", "Where the publisher prints them."),
        "licence": ("varchar", "Licence as far as known."),
        "reader": ("varchar", "Module of pipelines/sources that reads its releases."),
        "kind": ("varchar", "What its releases hold: observation, target or event."),
        "expected_every": (
            "varchar",
            "How often the publisher prints it (ISO 8601 duration); empty for what is closed.",
        ),
        "max_age_days": ("integer", "Days after which the latest published figure counts as late; empty when none is expected."),
        "contact": ("varchar", "Whom to ask."),
        "out_of_service": ("varchar", "Since when and why it is not asked any more, as a person declared; empty while it is."),
    },
}
_KEYS = {"releases": "dataset, release", "datasets": "dataset"}


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Create schema ``raw`` and its tables, and what is set aside from them, where they are missing."""
    tables = {
        table: {name: _DUCKDB_TYPE[dtype.base_type()] for name, dtype in columns(kind).items()}
        for kind, table in TABLE_OF_KIND.items()
    }
    tables |= {table: {name: dtype for name, (dtype, _) in body.items()} for table, body in _BOOKKEEPING.items()}
    for schema in ("raw", "pipeline"):
        connection.execute(f"create schema if not exists {schema}")
    for table, body in tables.items():
        key = f", primary key ({_KEYS[table]})" if table in _KEYS else ""
        connection.execute(
            f"create table if not exists raw.{table} ({', '.join(f'{name} {dtype}' for name, dtype in body.items())}{key})"
        )
    for kind, aside in SET_ASIDE.items():
        connection.execute(f"create table if not exists {aside} as from raw.{TABLE_OF_KIND[kind]} limit 0")


def comment(connection: duckdb.DuckDBPyConnection) -> None:
    """Write the comments of schema ``raw`` that are missing or say otherwise.

    Each is a change of the table and takes a fraction of a millisecond: a published file gets them, not every draft.
    """
    meanings = {table: descriptions(kind) for kind, table in TABLE_OF_KIND.items()}
    meanings |= {table: {name: meaning for name, (_, meaning) in body.items()} for table, body in _BOOKKEEPING.items()}
    wanted = {f"table raw.{table}": said for table, said in COMMENTS.items()}
    wanted |= {f"column raw.{table}.{name}": said for table, body in meanings.items() for name, said in body.items()}
    found = dict(
        connection.execute(
            "select 'table raw.' || table_name, comment from duckdb_tables() where schema_name = 'raw' union all "
            "select 'column raw.' || table_name || '.' || column_name, comment from duckdb_columns() where schema_name = 'raw'"
        ).fetchall()
    )
    connection.execute("begin transaction")
    for what, said in wanted.items():
        if found[what] != said:
            connection.execute(f"comment on {what} is {sql_text(said)}")
    connection.execute("commit")
