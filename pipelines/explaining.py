"""What stands behind a figure: every statement about it, its quote and document, and what it conflicts with.

Reads the published file; what does not belong here: how it is printed (``cli``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.errors import Unknown
from pipelines.periods import PeriodError, span
from pipelines.reference import nearest


class NothingKnown(Unknown):
    """No statement answers the question; the message offers what does."""


@dataclass(frozen=True)
class Explanation:
    """Statements (one dict each, the current one of a cell first), the contradictions and the revisions among them."""

    indicator: dict[str, Any]
    statements: list[dict[str, Any]]
    contradictions: list[dict[str, Any]]
    revisions: list[dict[str, Any]]


_STATEMENTS = """
select
    statements.ref_area, areas.label_en as area, statements.urbanisation, statements.breakdown, statements.period,
    statements.period_start, statements.period_end, statements.definition,
    statements.obs_value, statements.corrected_value, statements.correction, corrections.reason as correction_reason,
    statements.value, statements.bound, statements.unit_measure, statements.unit_mult,
    statements.obs_status, statements.publisher, statements.document, documents.title as document_title, documents.address,
    statements.locator,
    statements.quote, statements.comment, statements.published_on, statements.published_precision, statements.recorded_at,
    statements.dataset, statements.release, statements.release_row, statements.observation_id, statements.cell_id,
    current_statements.observation_id is not null as is_current, current_statements.decided_by
from staging.stg_observations as statements
inner join reference.areas as areas on areas.ref_area = statements.ref_area
inner join reference.documents as documents on documents.document = statements.document
left join reference.corrections as corrections on corrections.correction = statements.correction
left join intermediate.int_current_observations as current_statements
    on current_statements.observation_id = statements.observation_id
where statements.indicator = $indicator
    and ($area is null or statements.ref_area = $area)
    and ($start is null or statements.period_end >= $start)
    and ($end is null or statements.period_end <= $end)
order by
    statements.ref_area, statements.urbanisation, statements.breakdown, statements.period_end, statements.definition,
    statements.cell_id, is_current desc, statements.observation_id
"""

_CONTRADICTIONS = """
select
    basis, kind, period, current_value, current_publisher, current_document, other_value, other_publisher, other_document,
    current_definition, other_definition, difference, decided_by
from quality.contradictions
where current_observation_id in (select unnest($ids)) or other_observation_id in (select unnest($ids))
order by all
"""

_REVISIONS = """
select period, publisher, first_value, first_document, last_value, last_document, revision, revision_share
from quality.revisions
where last_observation_id in (select unnest($ids)) or first_observation_id in (select unnest($ids))
order by all
"""


def explain(
    connection: duckdb.DuckDBPyConnection, indicator: str, area: str | None = None, period: str | None = None
) -> Explanation:
    """Every statement about ``indicator``, in ``area`` (code or name) and ``period`` (the grammar's), if given.

    Raises NothingKnown with the nearest known names.
    """
    described = _rows(connection, "select * from reference.indicators where indicator = $indicator", {"indicator": indicator})
    if not described:
        known = frozenset(name for (name,) in connection.execute("select indicator from reference.indicators").fetchall())
        near = ", ".join(nearest(indicator, known)) or "look with `marsad indicators WORD`"
        raise NothingKnown(f"there is no indicator {indicator!r}; nearest: {near}")
    code = None if area is None else _area(connection, area)
    start = end = None
    if period is not None:
        try:
            asked = span(period)
        except PeriodError as error:
            raise NothingKnown(f"period {period!r}: {error}") from error
        start, end = asked.start, asked.end
    found = _rows(connection, _STATEMENTS, {"indicator": indicator, "area": code, "start": start, "end": end})
    if not found:
        raise NothingKnown(f"nothing is known of {indicator} for area {area or 'any'} and period {period or 'any'}")
    ids = [each["observation_id"] for each in found]
    among = {"ids": ids}
    return Explanation(described[0], found, _rows(connection, _CONTRADICTIONS, among), _rows(connection, _REVISIONS, among))


@dataclass(frozen=True)
class RowExplanation:
    """A row of a mart: what it says by column, the tables of ``reference`` it was declared in, and its statements by role.

    ``statements`` are one dict each, at most the asked number of a role, with ``of_role`` statements in all.
    """

    mart: str
    key: str
    figures: dict[str, Any]
    declared_in: list[str]
    statements: list[dict[str, Any]]


_STATEMENTS_OF_A_ROW = """
with entries as (
    select role, source_kind, source_id
    from quality.lineage
    where mart = $mart and row_key = $key and ($roles is null or role in (select unnest($roles)))
),
statements as (
    select role, source_kind, source_id from entries where source_kind <> 'PARTS'
    union all
    select entries.role || ' ' || parts.role, 'OBSERVATION', parts.observation_id
    from entries
    inner join quality.lineage_parts as parts on parts.parts_key = entries.source_id
    where entries.source_kind = 'PARTS'
),
said as (
    select 'OBSERVATION' as source_kind, observation_id as source_id, indicator as about, ref_area, urbanisation, breakdown,
        period, bound, obs_value as printed, unit_mult, unit_measure, publisher, document, locator, quote,
        dataset, release, release_row, correction
    from staging.stg_observations
    union all
    select 'TARGET', target_id, strategy || ': ' || indicator, ref_area, urbanisation, breakdown, due_period,
        bound, target_value, unit_mult, unit_measure, publisher, document, locator, quote,
        dataset, release, release_row, correction
    from staging.stg_targets
    union all
    select 'EVENT', event_id, title_en, ref_area, null, null, time_period,
        null, null, null, null, publisher, document, locator, quote,
        dataset, release, release_row, null
    from staging.stg_events
)
select statements.role, count(*) over (partition by statements.role) as of_role, said.*,
    documents.title as document_title, documents.address
from statements
inner join said on said.source_kind = statements.source_kind and said.source_id = statements.source_id
left join reference.documents as documents on documents.document = said.document
qualify row_number() over (partition by statements.role order by said.ref_area, said.period, said.source_id) <= $most
order by statements.role, said.ref_area, said.period, said.source_id
"""


def explain_row(
    connection: duckdb.DuckDBPyConnection, mart: str, key: str, column: str | None = None, most: int = 5
) -> RowExplanation:
    """The statements that one row of a mart rests on, or one column of it; at most ``most`` of each role.

    ``key`` is the row's key as ``quality.lineage`` has it: ``row_key``, or the columns of the primary key joined by '|'.
    Raises NothingKnown.
    """
    name = mart.removeprefix("marts.")
    found = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? order by column_index", [name]
    ).fetchall()
    if not found:
        marts = frozenset(
            table
            for (table,) in connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        )
        raise NothingKnown(f"there is no mart {mart!r}; nearest: {', '.join(nearest(name, marts)) or ', '.join(sorted(marts))}")
    rules = connection.execute("select column_name, rests_on from quality.lineage_rules where mart = ?", [name]).fetchall()
    figures = {each for each, _ in rules}
    if column is not None and column not in figures:
        near = ", ".join(nearest(column, frozenset(figures))) or ", ".join(sorted(figures)) or "none"
        raise NothingKnown(f"marts.{name} has no column {column!r} that rests on statements; nearest: {near}")
    asked = sorted({origin for each, origin in rules if column in (None, each)})
    columns = [each for (each,) in found]
    keys = ["row_key"] if "row_key" in columns else _primary_key(connection, name)
    if not keys:
        raise NothingKnown(f"the rows of marts.{name} cannot be named: its YAML declares no primary_key")
    row_key = " || '|' || ".join(f'"{each}"' for each in keys)
    rows = _rows(connection, f"select * from marts.{name} where {row_key} = $key", {"key": key})
    if not rows:
        raise NothingKnown(f"marts.{name} has no row with the key {key!r}; a key is {' | '.join(keys)} of a row of it")
    return RowExplanation(
        name,
        key,
        {each: rows[0][each] for each in columns if each in figures and column in (None, each) and rows[0][each] is not None},
        [origin for origin in asked if "." in origin],
        _rows(
            connection,
            _STATEMENTS_OF_A_ROW,
            {"mart": name, "key": key, "roles": None if column is None else asked, "most": most},
        ),
    )


def _primary_key(connection: duckdb.DuckDBPyConnection, mart: str) -> list[str]:
    [(columns,)] = connection.execute(
        "select constraint_column_names from duckdb_constraints() "
        "where schema_name = 'marts' and table_name = ? and constraint_type = 'PRIMARY KEY'",
        [mart],
    ).fetchall()
    return [str(each) for each in columns]


def search_indicators(connection: duckdb.DuckDBPyConnection, word: str | None) -> list[dict[str, Any]]:
    """Indicators whose id, label (French, Arabic, English) or description has ``word``, accents and case aside."""
    return _rows(
        connection,
        """
        select indicators.indicator, indicators.domain, indicators.label_en, indicators.label_fr, indicators.label_ar,
            count(observations.observation_id) as statements, min(observations.period_end) as first_period,
            max(observations.period_end) as last_period
        from reference.indicators as indicators
        left join staging.stg_observations as observations on observations.indicator = indicators.indicator
        where $word is null or strip_accents(lower(concat_ws(' ', indicators.indicator, indicators.label_en,
            indicators.label_fr, indicators.label_ar, indicators.description_en))) like '%' || strip_accents(lower($word)) || '%'
        group by all
        order by indicators.domain, indicators.indicator
        """,
        {"word": word},
    )


def _area(connection: duckdb.DuckDBPyConnection, area: str) -> str:
    found = connection.execute(
        """
        select ref_area, level from reference.areas
        where ref_area = $area or strip_accents(lower(label_fr)) = strip_accents(lower($area))
            or strip_accents(lower(label_en)) = strip_accents(lower($area)) or label_ar = $area
        order by ref_area = $area desc, len(ref_area), ref_area
        """,
        {"area": area},
    ).fetchall()
    if not found:
        names = frozenset(name for (name,) in connection.execute("select label_fr from reference.areas").fetchall())
        raise NothingKnown(f"there is no area {area!r}; nearest: {', '.join(nearest(area, names)) or 'none'}")
    if len(found) > 1 and str(found[0][0]) != area:
        raise NothingKnown(
            f"{area!r} names several areas; ask by code: {', '.join(f'{code} ({level})' for code, level in found)}"
        )
    return str(found[0][0])


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(query, values)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
