"""What the releases that came since the last build touch, so that a night costs what its releases cost and not what all years do.

The draft remembers which releases its models have not been built with yet. When they only came, and nothing else happened,
the models build the cells and series that these touch, and leave the rest as it stands; after anything else (a release
replaced, read anew or gone, other seeds, other models, a check that failed, a draft begun again) everything is built. What does
not belong here: what a model does with it, which is ``dbt_project/macros/touched.sql``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

STATE = """
create table if not exists pipeline.unbuilt (dataset varchar, release varchar);
create table if not exists pipeline.unchecked (dataset varchar, release varchar);
create table if not exists pipeline.touched_cells (cell_id varchar);
create table if not exists pipeline.touched_series (definition varchar, period_key varchar);
create table if not exists pipeline.plan (run varchar, only_touched boolean, said varchar, rest_held boolean);
create table if not exists pipeline.held (run varchar);
create table if not exists pipeline.unpublished (dataset varchar, release varchar);
create table if not exists pipeline.changed_cells (cell_id varchar);
create table if not exists pipeline.published (fingerprint varchar);
"""
"""``unbuilt`` has the releases that models lack, ``unchecked`` those whose records were not looked at in the raw table,
``unpublished`` those that the last publication lacks, each without a release where it is more than that (then why); ``plan`` what
the models were last built of; ``held`` the run since whose build every contract is known to hold; ``changed_cells`` the cells
touched by any build since this draft was published, and ``published`` as what."""

MOST = 0.2
"""Share of all cells from which on building everything costs less: what is touched is deleted and written again."""

TOUCHED_ROWS = "cell_id in (select cell_id from pipeline.touched_cells)"
"""Condition for the rows of a table of cells that a build of touched ones wrote."""


@dataclass(frozen=True)
class Plan:
    """What a build is of: ``only_touched`` cells and series or everything, and a sentence that says which and why."""

    only_touched: bool
    said: str
    rest_held: bool = False
    """Whether every contract held of what stood before this build."""


def note(connection: duckdb.DuckDBPyConnection, dataset: str, releases: Iterable[str]) -> None:
    """These releases of ``dataset`` came: observations, and none of them stands for another release."""
    for release in releases:
        _note(connection, dataset, release)


def note_more(connection: duckdb.DuckDBPyConnection, why: str) -> None:
    """More than that happened: nothing is known to be as it was."""
    _note(connection, why, None)


def _note(connection: duckdb.DuckDBPyConnection, *row: str | None) -> None:
    for table in ("unbuilt", "unchecked", "unpublished"):
        connection.execute(f"insert into pipeline.{table} values (?, ?)", list(row))


def unchecked_rows(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Condition for the raw observations that were not looked at since they came; None when all have to be."""
    [(more,)] = connection.execute("select count(*) from pipeline.unchecked where release is null").fetchall()
    return None if more else "(dataset, release) in (select dataset, release from pipeline.unchecked)"


def built(connection: duckdb.DuckDBPyConnection) -> None:
    """Models lack nothing any more."""
    connection.execute("delete from pipeline.unbuilt")


def checked(connection: duckdb.DuckDBPyConnection) -> None:
    """Every record of the raw observations was looked at, and good."""
    connection.execute("delete from pipeline.unchecked")


def plan(connection: duckdb.DuckDBPyConnection, run: str, all_stand: bool) -> Plan:
    """What ``run`` has to build, noted for the models and for whoever asks ``last`` later.

    ``all_stand`` says that every model stands, whole, as it was built from this project and these seeds.
    """
    made = _plan(connection, all_stand)
    [(held,)] = connection.execute("select count(*) from pipeline.held").fetchall()
    for table in ("plan", "held"):
        connection.execute(f"delete from pipeline.{table}")
    connection.execute("insert into pipeline.plan values (?, ?, ?, ?)", [run, made.only_touched, made.said, held > 0])
    if made.only_touched:
        connection.execute("insert into pipeline.changed_cells select cell_id from pipeline.touched_cells")
    else:
        connection.execute("insert into pipeline.unpublished values (?, null)", [made.said])
    return made


def published(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """The draft was published, whole, as ``fingerprint``: from here on what changes is counted anew."""
    for table in ("unpublished", "changed_cells", "published"):
        connection.execute(f"delete from pipeline.{table}")
    connection.execute("insert into pipeline.published values (?)", [fingerprint])


def changed_since(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> dict[str, str]:
    """For each large table, the condition that every row meets which the draft (attached as ``after``) has, lacks or says
    otherwise than the publication ``fingerprint``; without tables when that cannot be told.
    """
    published = connection.execute("select fingerprint from after.pipeline.published").fetchall()
    [(more,)] = connection.execute("select count(*) from after.pipeline.unpublished where release is null").fetchall()
    return {} if more or published != [(fingerprint,)] else _CHANGED


def hold(connection: duckdb.DuckDBPyConnection, run: str) -> None:
    """Every contract holds, of all that stands."""
    connection.execute("insert into pipeline.held values (?)", [run])


def last(connection: duckdb.DuckDBPyConnection, run: str | None = None) -> Plan:
    """What the models were last built of; asked for a ``run`` that did not build them: everything, as far as it knows."""
    found = connection.execute("select run, only_touched, said, rest_held from pipeline.plan").fetchall()
    if found and run in (None, found[0][0]):
        return Plan(*found[0][1:])
    return Plan(False, "everything: this run did not build the models")


def _plan(connection: duckdb.DuckDBPyConnection, all_stand: bool) -> Plan:
    more = connection.execute("select dataset from pipeline.unbuilt where release is null limit 1").fetchall()
    if more:
        return Plan(False, f"everything: {more[0][0]}")
    if not all_stand:
        return Plan(False, "everything: a model or a seed changed, a check failed, or only a part was asked for")
    for statement in _TRACE:
        connection.execute(statement)
    [(divisor, series, touched, cells)] = connection.execute(_WEIGHED).fetchall()
    if divisor is not None:
        return Plan(False, f"everything: a release touches {divisor}, which other figures are divided by")
    if touched > MOST * cells:
        return Plan(False, f"everything: {touched:,} of {cells:,} cells are touched")
    return Plan(True, f"{touched:,} cells of {series:,} series that new releases touch")


_CHANGED_CELLS = "cell_id in (select cell_id from after.pipeline.changed_cells)"
_CHANGED = {
    "raw.observations": "(dataset, release) in (select dataset, release from after.pipeline.unpublished)",
    "intermediate.int_current_observations": _CHANGED_CELLS,
    "marts.local_indicators": _CHANGED_CELLS,
    "quality.revisions": _CHANGED_CELLS,
}

_NEW = "(dataset, release) in (select dataset, release from pipeline.unbuilt)"

# Beside what the releases state themselves: a document without a date is placed by the latest year that it reports on, and when
# they make that a later one, all that it says may stand in another order; a first figure of an urban or rural part, or of a
# commune that was listed without any, changes how many units all urban and rural figures of that day are of; and figures of one
# indicator under several definitions are held against each other.
_TRACE = (
    f"""
    create or replace temp table came as
    select cell_id, indicator, definition, period_key, period_end, urbanisation, document, published_on
    from intermediate.base_observations
    where {_NEW}
    """,
    f"""
    create or replace temp table moved as
    with undated as (
        select document, published_not_after, period_end, known_until is null as stands, {_NEW} as is_new
        from intermediate.base_observations
        where published_on is null and document in (select document from came where published_on is null)
            and has_value and obs_status <> 'F' and period_end <= published_not_after
    ),
    latest as (
        select document, published_not_after, stands, max(period_end) as now, max(period_end) filter (where not is_new) as before
        from undated
        group by all
    )
    select distinct document, published_not_after from latest where year(now) is distinct from year(before)
    """,
    """
    create or replace temp table of_moved as
    select cell_id, indicator, definition, period_key
    from intermediate.base_observations
    where published_on is null and (document, published_not_after) in (select document, published_not_after from moved)
    """,
    """
    create or replace temp table standing as
    select distinct indicator, definition, period_key, urbanisation <> '_T' and coalesce(period_end in (
        select period_end from came
    ), false) as has_parts
    from intermediate.int_current_observations
    """,
    """
    create or replace temp table first_touched as
    select definition, period_key, indicator from came
    union
    select definition, period_key, indicator from standing where has_parts
    union
    select definition, period_key, indicator from of_moved
    """,
    """
    create or replace table pipeline.touched_series as
    select definition, period_key from first_touched
    union
    select standing.definition, standing.period_key
    from standing
    where (standing.indicator, standing.period_key) in (select indicator, period_key from first_touched)
    """,
    """
    create or replace table pipeline.touched_cells as
    select cell_id from came
    union
    select cell_id
    from intermediate.int_current_observations
    where (definition, period_key) in (select definition, period_key from pipeline.touched_series)
    union
    select cell_id from of_moved
    """,
)

# Figures of what others are divided by (households, population) touch all of those.
_WEIGHED = """
select
    (
        select min(indicator) from (select indicator from came union select indicator from of_moved)
        where indicator in (select denominator from reference.indicators)
            or indicator = (select value from reference.conventions where convention = 'per_head_population_indicator')
    ),
    (select count(*) from pipeline.touched_series),
    (select count(*) from pipeline.touched_cells),
    (select count(*) from intermediate.int_current_observations)
"""
