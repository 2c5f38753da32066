"""The two clocks: table macros in the published file that show what was public, or known here, at the end of a given day.

Which statement goes before which is said once, by the models (``int_observation_vintages.place``); a clock only leaves out
what it had not seen yet. What does not belong here: anything about the present, which is what the marts show.
"""

from __future__ import annotations

import duckdb

from pipelines.settings import CATALOG

# A statement whose date is not known to the day is public only when that is certain: at the end of its month or year, and
# without any date when it was read. Corrections are of our reading, so they hold on every day of this clock.
_PUBLISHED = "known_until is null and published_not_after <= cast(day as date)"
# Days are those of UTC: what was recorded on a day is known at its end, what was replaced on it is not.
_KNOWN = "known_from <= cast(day as date) and (known_until is null or known_until > cast(day as date))"

# Bodies name the catalog: a reader's file may be attached beside others.
_OBSERVATIONS = """
create or replace macro {catalog}.main.observations_{clock}(day) as table
with visible as (
    select observation_id, correction, place, cell_id, publisher
    from {catalog}.intermediate.int_observation_vintages
    where {seen}
),
vintages as (
    select
        observation_id, correction,
        place = min(place) over (partition by cell_id) as is_current,
        place = min(place) over (partition by cell_id, publisher) as is_latest
    from visible
)
select
    statements.cell_id, statements.indicator, statements.definition, statements.ref_area, statements.geo_version,
    statements.urbanisation, statements.breakdown, statements.freq_class, statements.period, statements.period_start,
    statements.period_end, statements.flow, statements.value, statements.bound, statements.value_lower, statements.value_upper,
    statements.unit_measure, statements.obs_status, statements.obs_value as value_as_printed, statements.unit_mult,
    statements.decimals, statements.correction, statements.publisher, vintages.is_current, statements.document,
    statements.published_on, statements.published_precision, statements.published_not_after, statements.recorded_at,
    statements.dataset, statements.release, statements.locator, statements.quote, statements.comment, statements.observation_id
from vintages
inner join {catalog}.intermediate.base_observations as statements
    on statements.observation_id = vintages.observation_id
    and statements.correction is not distinct from vintages.correction
where vintages.is_latest
"""

_TARGETS = """
create or replace macro {catalog}.main.targets_{clock}(day) as table
with visible as (
    select * from {catalog}.intermediate.base_targets where {seen}
),
superseding as (
    select
        replaced.target_id, min(replacing.target_id) as superseded_by,
        bool_or(replacing.strategy = replaced.strategy) as by_own_strategy
    from visible as replaced
    inner join visible as replacing on replacing.supersedes = replaced.target_id
    group by replaced.target_id
)
select
    visible.target_id, visible.strategy, visible.indicator, visible.definition, visible.ref_area, visible.geo_version,
    visible.urbanisation, visible.breakdown, visible.statement_type, visible.direction, visible.value, visible.bound,
    visible.value_lower, visible.value_upper, visible.unit_measure, visible.target_value as value_as_printed, visible.unit_mult,
    visible.correction, visible.baseline, visible.baseline_bound, visible.baseline_period, visible.baseline_on,
    visible.due_period, visible.due_on, visible.target_status, visible.supersedes, superseding.superseded_by,
    not coalesce(superseding.by_own_strategy, false) and visible.target_status <> 'dropped' as is_standing,
    visible.publisher, visible.document, visible.published_on, visible.published_precision, visible.published_not_after,
    visible.recorded_at, visible.dataset, visible.release, visible.locator, visible.quote, visible.comment
from visible
left join superseding on superseding.target_id = visible.target_id
"""

_COMMENTS = {
    "observations_as_published": (
        "One row per cell and publisher: the latest vintage that was public at the end of a day, and whether the rules choose it."
    ),
    "observations_as_known": (
        "One row per cell and publisher: the latest vintage recorded here by the end of a day, and whether the rules choose it."
    ),
    "targets_as_published": "One row per target statement that was public at the end of a day.",
    "targets_as_known": "One row per target statement recorded here by the end of a day and not replaced by then.",
}

_MODELS = ("base_observations", "base_targets", "int_observation_vintages")

MACROS = tuple(_COMMENTS)
"""Names of the table macros, each of one parameter: ``day``, the date at whose end one looks."""


def define(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table macros in schema ``main`` of the catalog ``marsad``.

    DuckDB binds a macro when it is created, so a file without the models (raw tables alone, which the publication asset never
    lets through) gets none.
    """
    [(built,)] = connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'intermediate' and table_name = any($models)",
        {"models": list(_MODELS)},
    ).fetchall()
    if not built:
        return
    for body in (_OBSERVATIONS, _TARGETS):
        for clock, seen in (("as_published", _PUBLISHED), ("as_known", _KNOWN)):
            connection.execute(body.format(catalog=CATALOG, clock=clock, seen=seen))
    for name, comment in _COMMENTS.items():
        connection.execute(f"comment on macro table {CATALOG}.main.{name} is '{comment}'")
