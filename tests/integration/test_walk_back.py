"""From every figure of every mart back to the rows that were carried in, by what the published file itself says of its lineage."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.integration.conftest import Whole

SEED = 20260705
CELLS = 200
# A year, a count and a scale are numbers of a row too: all are held to it.
NUMBERS = ("DECIMAL%", "DOUBLE", "INTEGER", "BIGINT")


def rows(whole: Whole, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return whole.connection.execute(sql, parameters).fetchall()


@pytest.fixture(scope="module")
def figures(whole: Whole) -> dict[str, list[str]]:
    """The figure columns of every mart, as the catalogue has them."""
    found: dict[str, list[str]] = {}
    for mart, column, kind in rows(
        whole,
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts' order by table_name, column_index",
    ):
        found.setdefault(mart, [])
        if kind.startswith(tuple(each.rstrip("%") for each in NUMBERS)):
            found[mart].append(column)
    return found


@pytest.fixture(scope="module")
def keys(whole: Whole) -> dict[str, str]:
    """The key of a mart's row as lineage writes it."""
    manifest = json.loads((whole.settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    return {
        node["name"]: " || '|' || ".join(node["config"]["meta"]["primary_key"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def test_every_figure_column_says_what_it_rests_on(whole: Whole, figures: dict[str, list[str]]) -> None:
    declared = set(rows(whole, "select distinct mart, column_name from quality.lineage_rules"))

    assert declared == {(mart, column) for mart, columns in figures.items() for column in columns}, (
        "declare it in config.meta.rests_on (or may_rest_on) of the mart's YAML"
    )


def test_200_cells_of_every_mart_lead_back_to_rows_that_were_carried_in(
    whole: Whole, figures: dict[str, list[str]], keys: dict[str, str]
) -> None:
    """Each has a statement in every role that its column rests on; each statement its raw row, sealed release and document."""
    tables = {
        f"reference.{name}" for (name,) in rows(whole, "select table_name from duckdb_tables() where schema_name = 'reference'")
    }
    chance = random.Random(SEED)
    for mart, columns in figures.items():
        total = {
            column: rows(whole, f"select count({column}) from marts.{mart}")[0][0] for column in columns
        } or {keys[mart]: rows(whole, f"select count(*) from marts.{mart}")[0][0]}  # fmt: skip
        picked = [column for column, count in total.items() for _ in range(min(count, CELLS))]
        wanted = min(CELLS, len(picked))
        # Every column is walked, then as many cells as make 200.
        sizes = dict.fromkeys(total, 0)
        for column in [*(each for each in total if total[each]), *chance.sample(picked, len(picked))]:
            if sum(sizes.values()) < wanted and sizes[column] < total[column]:
                sizes[column] += 1
        chosen = " union all ".join(
            f"(select {keys[mart]} as row_key, '{column}' as column_name from marts.{mart} where {column} is not null "
            f"order by hash({keys[mart]}, {SEED}), row_key limit {size})"
            for column, size in sizes.items()
            if size
        )
        walked = rows(
            whole,
            f"""
            with chosen as materialized ({chosen}),
            raw_rows as (
                select 'OBSERVATION' as kind, observation_id as id, dataset, release, document, release_row from raw.observations
                union all select 'TARGET', target_id, dataset, release, document, release_row from raw.targets
                union all select 'EVENT', event_id, dataset, release, document, release_row from raw.events
            ),
            entries as materialized (
                select * from quality.lineage where mart = '{mart}' and row_key in (select row_key from chosen)
            ),
            statements as (
                select source_kind, source_id, source_kind as kind, source_id as id from entries where source_kind <> 'PARTS'
                union
                select 'PARTS', parts_key, 'OBSERVATION', observation_id from quality.lineage_parts
                where parts_key in (select source_id from entries where source_kind = 'PARTS')
            ),
            sources as (
                select statements.source_kind, statements.source_id, bool_and(
                    releases.sha256 is not null and documents.title is not null
                    and raw_rows.release_row is not null
                ) as is_found
                from statements
                left join raw_rows on raw_rows.kind = statements.kind and raw_rows.id = statements.id
                left join raw.releases as releases on releases.dataset = raw_rows.dataset and releases.release = raw_rows.release
                left join reference.documents as documents on documents.document = raw_rows.document
                group by all
            )
            select chosen.row_key, chosen.column_name, rules.rests_on, rules.is_always,
                count(entries.source_id), coalesce(bool_and(coalesce(sources.is_found, false)), false)
            from chosen
            left join quality.lineage_rules as rules on rules.mart = '{mart}' and rules.column_name = chosen.column_name
            left join entries on entries.row_key = chosen.row_key and (entries.role = rules.rests_on or rules.mart is null)
            left join sources on sources.source_kind = entries.source_kind and sources.source_id = entries.source_id
            group by all
            """,
        )
        assert len({cell[:2] for cell in walked}) == wanted, mart
        led = set()
        for key, column, origin, is_always, entries, is_found in walked:
            if origin in tables:
                led.add((key, column))
                continue
            assert is_found or not (is_always in (True, None) or entries), (
                f"{mart}.{column} of {key}: nothing in the role {origin}"
            )
            if is_found:
                led.add((key, column))
        # A count of nothing has only the rule that would have led back.
        for key, column in {cell[:2] for cell in walked} - led:
            assert rows(whole, f"select {column} from marts.{mart} where {keys[mart]} = ?", key) == [(0,)], (mart, key, column)


RECOMPUTED = {
    "regional_indicators.per_1000": "1000 * said('VALUE') / said('POPULATION')",
    "regional_indicators.per_1000_census_before": "1000 * said('VALUE') / said('CENSUS_BEFORE')",
    "regional_indicators.per_1000_census_after": "1000 * said('VALUE') / said('CENSUS_AFTER')",
    "regional_indicators.national_value": "said('NATIONAL_VALUE')",
    "regional_indicators.regions_sum": "said('ALL_REGIONS UNIT')",
    "regional_indicators.location_quotient": "said('VALUE') / said('WHOLE') "
    "/ (case when country_basis = 'SUM_OF_REGIONS' then said('ALL_REGIONS UNIT') else said('NATIONAL_VALUE') end / said('COUNTRY_WHOLE'))",
    "local_indicators.share_of_region": "said('VALUE') / said('REGION_VALUE')",
    "regional_company_creation.value": "said('VALUE') - coalesce(said('SUBTRACTED'), 0)",
    "regional_company_creation.national_value": "said('NATIONAL_VALUE') - coalesce(said('NATIONAL_SUBTRACTED'), 0)",
    "regional_company_creation.regions_sum": "said('ALL_REGIONS UNIT') - coalesce(said('ALL_REGIONS SUBTRACTED'), 0)",
    "urban_rural_divide.gap": "said('URBAN_VALUE') - said('RURAL_VALUE')",
    "national_indicators.change": "said('VALUE') - said('PREVIOUS_VALUE')",
}


@pytest.mark.parametrize("figure", RECOMPUTED)
def test_what_lineage_leads_to_gives_the_figure(whole: Whole, figure: str) -> None:
    """Not some statement, the right one: every figure of the column is computed again from what stands behind its row."""
    mart, column = figure.split(".")
    formula = (
        RECOMPUTED[figure]
        .replace("said(", "any_value(total) filter (role = ")
        .replace("country_basis", "any_value(country_basis)")
    )
    found = rows(
        whole,
        f"""
        with entries as materialized (select row_key, role, source_kind, source_id from quality.lineage where mart = '{mart}'),
        parts as materialized (
            select parts_key, parts.role, sum(said.value) as total
            from quality.lineage_parts as parts
            inner join staging.stg_observations as said using (observation_id)
            where parts_key in (select source_id from entries where source_kind = 'PARTS' and {"ALL_REGIONS" in RECOMPUTED[figure]})
            group by all
        ),
        said as (
            select entries.row_key, entries.role, said.value as total
            from entries inner join staging.stg_observations as said on said.observation_id = entries.source_id
            union all
            select entries.row_key, entries.role || ' ' || parts.role, parts.total
            from entries inner join parts on parts.parts_key = entries.source_id where entries.source_kind = 'PARTS'
        ),
        computed as (
            select row_key, any_value(figures.{column})::double as figure, ({formula})::double as again
            from marts.{mart} as figures inner join said using (row_key)
            where figures.{column} is not null
            group by row_key
        )
        select count(*), any_value(row_key) filter (where again is null or abs(figure - again) > 1e-9 * greatest(abs(figure), 1)) from computed
        """,
    )

    count = rows(whole, f"select count({column}) from marts.{mart}")[0][0]
    assert count > 0
    assert found == [(count, None)]
