"""The draft: the file only the pipeline opens. A cache, begun again from the published file or from ``data/raw`` at need.

Its schema ``pipeline`` (never published) holds the state row and, for every raw slice and every dbt table, when it was last
made relative to the others.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.datasets import DATASET_FILE, checksum
from pipelines.reference import Reference
from pipelines.settings import CATALOG, Settings, sql_text
from pipelines.warehouse import tables, touched

STORAGE_VERSION = "v1.0.0"
"""Storage format of the draft and of published files: DuckDB clients from 1.1 on were seen to read it."""

_STATE = """
create schema if not exists pipeline;
create table if not exists pipeline.state (run varchar, condition varchar, loader varchar);
create table if not exists pipeline.reference (seed varchar, code varchar, said varchar);
create table if not exists pipeline.made (
    layer varchar, name varchar, made_from varchar, ordinal bigint, primary key (layer, name)
);
"""

# Releases that were accepted before this draft began again from nothing, with their seals.
_ACCEPTED = """
create table if not exists pipeline.accepted as select dataset, release, sha256, recorded_at from raw.releases limit 0
"""

_CHECKPOINT_AT = "1GB"


@dataclass(frozen=True)
class Beginning:
    """How a run's draft came about: ``origin`` is kept | published | raw, ``why`` a sentence."""

    origin: str
    why: str


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The draft, opened for writing by the holder of the lock. Closing it leaves nothing in a WAL."""
    connection = duckdb.connect(settings.draft)
    # Drawn on standard output, where a program reads what a command says.
    connection.execute("set enable_progress_bar = false")
    # The file is a cache that a killed run loses anyway: written back once at the end, not after every data set.
    connection.execute(f"set checkpoint_threshold = '{_CHECKPOINT_AT}'")
    return connection


def begin(
    settings: Settings, run: str, loader: str, reference: Reference, full: bool = False, why: str = "a full rebuild was asked for"
) -> Beginning:
    """Make the draft ready for ``run`` and mark it dirty before anything else is written.

    ``loader`` is the fingerprint of the code that turns releases into records. A draft made by another one or under
    reference rows that have changed since, a dirty, unreadable or missing draft, or ``full`` (``why``), begins again: from the
    published file when that was made by the same code under the same reference tables, else empty, from ``data/raw``.
    """
    settings.draft.parent.mkdir(parents=True, exist_ok=True)
    anew = why if full else _why_not_kept(settings.draft, loader, reference)
    if anew is None:
        beginning = Beginning("kept", "the draft of the last run is whole")
    else:
        _remove(settings.draft)
        beginning = Beginning("raw", anew)
        if not full and _published_from(settings) == made_with(loader, reference):
            shutil.copyfile(settings.published, settings.draft)
            settings.draft.chmod(0o644)
            beginning = Beginning("published", anew)
        else:
            _create(settings.draft)
    with connect(settings) as connection:
        tables.create(connection)
        connection.execute(_STATE)
        connection.execute(touched.STATE)
        connection.execute(_ACCEPTED)
        if beginning.origin == "raw" and not full:
            _remember_accepted(connection, settings)
        if beginning.origin != "kept":
            touched.note_more(connection, beginning.why)
        connection.execute("begin transaction")
        connection.execute("delete from pipeline.state")
        connection.execute("delete from pipeline.reference")
        connection.execute("insert into pipeline.state values (?, 'dirty', ?)", [run, loader])
        connection.register("seeds", reference.for_loading.to_arrow())
        connection.execute("insert into pipeline.reference select seed, code, said from seeds")
        connection.execute("commit")
    return beginning


def _remember_accepted(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Note what readers' releases were sealed as: a draft that begins again must not take others in their place. What a full
    rebuild does is a person's word for it. A published file that is not whole was mended before a run begins.
    """
    if not settings.published.exists():
        return
    connection.execute(f"attach {sql_text(settings.published.resolve())} as readers (read_only)")
    connection.execute(
        "insert into pipeline.accepted select dataset, release, sha256, recorded_at from readers.raw.releases "
        "where status = 'ACCEPTED'"
    )
    connection.execute("detach readers")


def made_with(loader: str, reference: Reference) -> str:
    """Names the code and the reference tables that records were made with, for a publication's manifest."""
    rows = "\n".join("\t".join(row) for row in reference.for_loading.rows())
    return hashlib.sha256(f"{loader}\n{rows}".encode()).hexdigest()


def finish(settings: Settings) -> None:
    """Mark the draft clean: the run ended in order, whether or not it published."""
    with connect(settings) as connection:
        connection.execute("update pipeline.state set condition = 'clean'")
        connection.execute("checkpoint")


def mark_made(connection: duckdb.DuckDBPyConnection, layer: str, names: Iterable[str], made_from: str) -> None:
    """Note that these objects of ``layer`` ('raw' or 'dbt') were made now, after everything made so far."""
    for name in names:
        connection.execute(
            "insert or replace into pipeline.made select ?, ?, ?, coalesce(max(ordinal), 0) + 1 from pipeline.made",
            [layer, name, made_from],
        )


def unmark_made(connection: duckdb.DuckDBPyConnection, names: Iterable[str]) -> None:
    """Forget that these dbt tables were made: they are being made anew, or broke a check, and are not to be published."""
    connection.execute("delete from pipeline.made where layer = 'dbt' and name in (select unnest($1))", [list(names)])


def older_than_raw(connection: duckdb.DuckDBPyConnection, names: Iterable[str], made_from: str) -> list[str]:
    """Those of the dbt tables ``names`` that are missing, broke a check, are older than a raw slice or made from other models."""
    [(newest,)] = connection.execute("select coalesce(max(ordinal), 0) from pipeline.made where layer = 'raw'").fetchall()
    made = dict(
        connection.execute(
            "select name, ordinal from pipeline.made where layer = 'dbt' and made_from = ?", [made_from]
        ).fetchall()
    )
    return sorted(name for name in names if made.get(name, -1) <= newest)


def wholly_made(connection: duckdb.DuckDBPyConnection, names: Iterable[str], made_from: str) -> bool:
    """Whether each of the dbt tables ``names`` stands as it was made from these models, and broke no check."""
    made = connection.execute("select name from pipeline.made where layer = 'dbt' and made_from = ?", [made_from]).fetchall()
    return set(names) <= {name for (name,) in made}


def drop_strangers(connection: duckdb.DuckDBPyConnection, tables: Collection[str]) -> None:
    """Drop the tables and views that dbt no longer makes: a draft built from nothing would not have them either."""
    found = connection.execute(
        "select 'table', schema_name, table_name from duckdb_tables() where not internal union all "
        "select 'view', schema_name, view_name from duckdb_views() where not internal order by all"
    ).fetchall()
    for what, schema, name in found:
        if schema not in ("raw", "pipeline") and f"{schema}.{name}" not in {*tables, "reference.publication"}:
            connection.execute(f'drop {what} "{schema}"."{name}"')


def _why_not_kept(draft: Path, loader: str, reference: Reference) -> str | None:
    if not draft.exists():
        return "there is no draft yet"
    try:
        connection = duckdb.connect(draft)
    except duckdb.Error as error:
        return f"the draft cannot be opened ({str(error).splitlines()[0]})"
    try:
        state = connection.execute("select condition, loader from pipeline.state").fetchall()
        connection.register("seeds", reference.for_loading.to_arrow())
        changed = connection.execute(
            "select seed, code from (from pipeline.reference except select seed, code, said from seeds) order by all limit 1"
        ).fetchall()
    except duckdb.Error as error:
        return f"the draft cannot be read ({str(error).splitlines()[0]})"
    finally:
        connection.close()
    if len(state) != 1 or state[0][0] != "clean":
        return "the last run was cut off while it wrote"
    if state[0][1] != loader:
        return "readers or records have changed since"
    if changed:
        return f"the seed {changed[0][0]} says something else of {changed[0][1]} now"
    return None


def _published_from(settings: Settings) -> str | None:
    """What the published records were made with; None when that cannot be told, or a data set is read in another way since."""
    try:
        said = json.loads((settings.current / "manifest.json").read_text(encoding="utf-8"))
        if settings.published.stat().st_size != said.get("bytes"):
            return None
        for name, sha in said.get("inputs", {}).items():
            if name.endswith(f"/{DATASET_FILE}") and checksum(settings.raw / name.removeprefix("raw/")) != sha:
                return None
    except (OSError, ValueError):
        return None
    made: str | None = said.get("made_with")
    return made


def _create(draft: Path) -> None:
    """An empty draft in the storage format of publications, which are copies of it."""
    with duckdb.connect() as connection:
        connection.execute(f"attach {sql_text(draft)} as {CATALOG} (storage_version '{STORAGE_VERSION}')")


def _remove(draft: Path) -> None:
    for path in (draft, draft.with_name(f"{CATALOG}.duckdb.wal")):
        path.unlink(missing_ok=True)
