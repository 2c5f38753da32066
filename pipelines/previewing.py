"""What a release would change if it were loaded now: cells it adds, repeats, revises, and figures of others it contradicts.

Compares with the published file and judges nothing: rules are ``statements``', filing is ``filing``'s.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import duckdb
import polars as pl

from pipelines.datasets import DataSet, Release
from pipelines.reference import Reference
from pipelines.settings import CATALOG, Settings, sql_text
from pipelines.statements import records
from pipelines.warehouse.loading import CELL_ID
from pipelines.warehouse.tables import TABLE_OF_KIND

MOST_SHOWN = 10

# Each statement with the interval its wording allows (dbt's interval_lower and interval_upper), beside the newest one of the
# same cell and publisher, and beside the current one of another publisher.
_COMPARED = """
with convention as (
    select value::decimal(38, 12) as share from conventions where convention = 'bound_tolerance_share'
),
valued as (
    select *, obs_value::decimal(38, 12) * power(10, unit_mult)::decimal(38, 12) as value,
        obs_lower::decimal(38, 12) * power(10, unit_mult)::decimal(38, 12) as range_lower,
        obs_upper::decimal(38, 12) * power(10, unit_mult)::decimal(38, 12) as range_upper
    from (select *, {cell_id} as cell_id from incoming)
),
bounded as (
    select *,
        case when range_lower is not null then range_lower when bound in ('EQ', 'GE') then value
            when bound in ('APPROX', 'LT_APPROX') then value - abs(value) * (select share from convention) end as value_lower,
        case when range_upper is not null then range_upper when bound in ('EQ', 'LE', 'LT_APPROX') then value
            when bound = 'APPROX' then value + abs(value) * (select share from convention) end as value_upper
    from valued
),
published as (
    select * from {catalog}.staging.stg_observations where has_value or obs_status in ('O', 'M', 'L', 'Q', 'K', 'H', 'N')
),
own as (
    select cell_id, publisher, value, obs_value, unit_mult, bound, obs_status, range_lower, range_upper, release
    from published
    qualify row_number() over (
        partition by cell_id, publisher order by published_not_after desc, recorded_at desc, observation_id
    ) = 1
),
others as (
    select published.cell_id, published.publisher, published.value, published.bound, published.value_lower,
        published.value_upper
    from published
    inner join {catalog}.intermediate.int_current_observations as chosen using (observation_id)
    where published.has_value
)
select bounded.release_row, bounded.indicator, bounded.ref_area, bounded.time_period, bounded.breakdown, bounded.bound,
    bounded.publisher, coalesce(bounded.obs_value, bounded.obs_lower || ' to ' || bounded.obs_upper, bounded.obs_status) as says,
    own.cell_id is null as is_new,
    own.cell_id is not null and (own.value, own.range_lower, own.range_upper, own.bound, own.obs_status)
        is distinct from (bounded.value, bounded.range_lower, bounded.range_upper, bounded.bound, bounded.obs_status)
        as is_revised,
    coalesce(own.value::varchar, own.obs_status) as said_before, bounded.value::varchar as says_now, own.release as before,
    others.cell_id is not null and bounded.publisher != others.publisher and (
        bounded.value_lower > others.value_upper or bounded.value_upper < others.value_lower) as contradicts,
    others.publisher as other_publisher, others.value::varchar as other_value, others.bound as other_bound
from bounded
left join own on own.cell_id = bounded.cell_id and own.publisher = bounded.publisher
left join others on others.cell_id = bounded.cell_id
order by bounded.release_row
"""


@dataclass(frozen=True)
class Preview:
    """Counts of statements, and the first lines of each sort; ``compared_with`` is None while nothing is published."""

    statements: int
    compared_with: str | None
    new: int = 0
    repeated: int = 0
    revised: int = 0
    contradicting: int = 0
    bounds: int = 0
    first: list[str] = field(default_factory=list)
    revisions: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)


def preview(settings: Settings, dataset: DataSet, release: Release, statements: pl.DataFrame, reference: Reference) -> Preview:
    """What ``statements`` of ``release``, which keep every rule, would change of what is published."""
    published = settings.published.resolve() if settings.published.exists() else None
    named = None if published is None else published.parent.name
    if published is None or dataset.kind != "observation":
        if published is None or named is None:
            first = [_line(row) for row in statements.head(MOST_SHOWN).iter_rows(named=True)]
            return Preview(statements.height, None, first=first)
        column = f"{dataset.kind}_id"
        with duckdb.connect(published, read_only=True) as connection:
            known = {id_ for (id_,) in connection.execute(f"select {column} from raw.{TABLE_OF_KIND[dataset.kind]}").fetchall()}
        new = statements.filter(~pl.col(column).is_in(list(known)))
        first = [_line(row) for row in new.head(MOST_SHOWN).iter_rows(named=True)]
        return Preview(statements.height, named, new=new.height, repeated=statements.height - new.height, first=first)
    with duckdb.connect() as connection:
        connection.execute(f"attach {sql_text(published)} as {CATALOG} (read_only)")
        connection.register("incoming", records(statements, dataset, release, reference).to_arrow())
        connection.register("conventions", reference.table("conventions", "convention", "value").to_arrow())
        found = connection.sql(_COMPARED.format(cell_id=CELL_ID, catalog=CATALOG)).pl()
    new, revised, against = found.filter("is_new"), found.filter("is_revised"), found.filter("contradicts")
    return Preview(
        statements=found.height,
        compared_with=named,
        new=new.height,
        repeated=found.height - new.height - revised.height,
        revised=revised.height,
        contradicting=against.height,
        bounds=found.filter(pl.col("bound") != "EQ").height,
        first=[_line(row) for row in new.head(MOST_SHOWN).iter_rows(named=True)],
        revisions=[_revision(row) for row in revised.head(MOST_SHOWN).iter_rows(named=True)],
        contradictions=[_contradiction(row) for row in against.head(MOST_SHOWN).iter_rows(named=True)],
    )


def _revision(row: dict[str, str | None]) -> str:
    now = _plain(row["says_now"]) if row["says_now"] else row["says"]
    return f"{_cell(row)}: {_plain(row['said_before'])} -> {now} (was in {row['before']})"


def _contradiction(row: dict[str, str | None]) -> str:
    other = f"{row['other_bound']} {_plain(row['other_value'])} of {row['other_publisher']}"
    return f"{_cell(row)}: {row['bound']} {row['says']} against {other}"


def _line(row: dict[str, str | None]) -> str:
    if "event_id" in row or "target_id" in row:
        return str(row.get("target_id") or row.get("event_id"))
    return f"{_cell(row)}: {row['bound']} {row.get('says') or row.get('obs_value') or row.get('obs_status')}"


def _cell(row: dict[str, str | None]) -> str:
    breakdown = "" if row["breakdown"] == "_T" else f" {row['breakdown']}"
    return f"{row['indicator']} {row['ref_area']} {row['time_period']}{breakdown}"


def _plain(value: str | None) -> str:
    """The number without the zeros its column pads it with."""
    return "no value" if value is None else value.rstrip("0").rstrip(".") if "." in value else value
