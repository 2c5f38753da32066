"""From every figure of every mart back to the rows that were carried in, by what the published file itself says of its lineage."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from tests.integration.conftest import Whole
from tests.integration.running import marsad

SEED = 20260705
CELLS = 200
# What a mart says of a row is held to it: a number, a verdict, a reason, a date, the words of a source. What names the row is not:
# its key, labels, ids, and the dimensions that every table has.
DIMENSIONS = {
    "indicator", "domain", "definition", "ref_area", "geo_version", "level", "unit_level", "area_type", "parent", "province",
    "region", "urbanisation", "breakdown", "period", "period_start", "period_end", "unit_measure",
}  # fmt: skip
NAMES = re.compile(r"_label_(fr|ar|en)$|_id$|_key$")
# Dimensions of one mart alone.
NAMED_BY = {
    "area_aggregates": {"kind", "area_grouping", "aggregation"},
    "city_programmes": {"programme"},
    "city_programme_figures": {"programme"},
    "regional_company_creation": {"publisher", "method"},
    "regional_convergence": {"basis", "period_from", "period_to", "from_on", "to_on"},
    "regional_digital_index": {"index_code"},
    "regional_disparity": {"basis", "weighting", "area_grouping", "measure_code"},
    "regional_index_components": {"index_code", "pillar", "component"},
    "regional_index_sensitivity": {"index_code", "factor", "pillar"},
    "strategy_forecast": {"strategy", "shape_code"},
    "strategy_progress": {"strategy", "method_code"},
    "strategy_scorecard": {"strategy", "axis", "method_code"},
    "strategy_targets": {"strategy"},
    "strategy_timeline": {"kind"},
}


def rows(whole: Whole, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return whole.connection.execute(sql, parameters).fetchall()


@pytest.fixture(scope="module")
def figures(whole: Whole) -> dict[str, list[str]]:
    """What every mart says of its rows, by column, as the catalogue has them."""
    found: dict[str, list[str]] = {}
    for mart, column in rows(
        whole,
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' order by table_name, column_index",
    ):
        found.setdefault(mart, [])
        if column not in DIMENSIONS | NAMED_BY.get(mart, set()) and not NAMES.search(column):
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


def test_every_column_says_what_it_rests_on(whole: Whole, figures: dict[str, list[str]]) -> None:
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
    "regional_indicators.value": "said('VALUE')",
    "local_indicators.value": "said('VALUE')",
    "national_indicators.value": "said('VALUE')",
    "strategy_targets.value": "said('TARGET')",
    "regional_indicators.per_1000": "1000 * said('VALUE') / said('POPULATION')",
    "regional_indicators.per_1000_census_before": "1000 * said('VALUE') / said('CENSUS_BEFORE')",
    "regional_indicators.per_1000_census_after": "1000 * said('VALUE') / said('CENSUS_AFTER')",
    "regional_indicators.per_1000_households": "1000 * said('VALUE') / said('HOUSEHOLDS')",
    "regional_indicators.per_1000_households_census_before": "1000 * said('VALUE') / said('HOUSEHOLDS_BEFORE')",
    "regional_indicators.per_1000_households_census_after": "1000 * said('VALUE') / said('HOUSEHOLDS_AFTER')",
    "regional_indicators.change_since_census": "said('VALUE') - said('PREVIOUS_CENSUS')",
    "regional_indicators.national_value": "said('NATIONAL_VALUE')",
    "regional_indicators.regions_sum": "said('ALL_REGIONS UNIT')",
    "regional_indicators.location_quotient": "said('VALUE') / said('WHOLE') "
    "/ (case when country_basis = 'SUM_OF_REGIONS' then said('ALL_REGIONS UNIT') else said('NATIONAL_VALUE') end / said('COUNTRY_WHOLE'))",
    "area_aggregates.published_value": "said('PUBLISHED')",
    "area_aggregates.growth": "said('ALL_PARTS UNIT') / said('PREVIOUS_PARTS UNIT') - 1",
    "local_indicators.share_of_region": "said('VALUE') / said('REGION_VALUE')",
    "regional_company_creation.value": "said('VALUE') - coalesce(said('SUBTRACTED'), 0)",
    "regional_company_creation.national_value": "said('NATIONAL_VALUE') - coalesce(said('NATIONAL_SUBTRACTED'), 0)",
    "regional_company_creation.regions_sum": "said('ALL_REGIONS UNIT') - coalesce(said('ALL_REGIONS SUBTRACTED'), 0)",
    "regional_index_components.other_census_figure": "1000 * said('FIGURE') / said('OTHER_CENSUS')",
    "urban_rural_divide.gap": "said('URBAN_VALUE') - said('RURAL_VALUE')",
    "national_indicators.change": "said('VALUE') - said('PREVIOUS_VALUE')",
}


@pytest.mark.parametrize("figure", RECOMPUTED)
def test_what_lineage_leads_to_gives_the_figure(whole: Whole, keys: dict[str, str], figure: str) -> None:
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
        with printed as (
            select 'OBSERVATION' as source_kind, observation_id as source_id, coalesce(corrected_value, obs_value)::double * pow(10, unit_mult) as value
            from staging.stg_observations
            union all
            select 'TARGET', target_id, coalesce(corrected_value, target_value)::double * pow(10, unit_mult) from staging.stg_targets
        ),
        entries as materialized (select row_key, role, source_kind, source_id from quality.lineage where mart = '{mart}'),
        parts as materialized (
            select parts_key, parts.role, sum(said.value) as total
            from quality.lineage_parts as parts
            inner join printed as said on said.source_kind = 'OBSERVATION' and said.source_id = parts.observation_id
            where parts_key in (select source_id from entries where source_kind = 'PARTS' and {"ALL_" in RECOMPUTED[figure]})
            group by all
        ),
        said as (
            select entries.row_key, entries.role, said.value as total
            from entries inner join printed as said using (source_kind, source_id)
            union all
            select entries.row_key, entries.role || ' ' || parts.role, parts.total
            from entries inner join parts on parts.parts_key = entries.source_id where entries.source_kind = 'PARTS'
        ),
        computed as (
            select of_row, any_value(figures.{column})::double as figure, ({formula})::double as again
            from (select {keys[mart]} as of_row, * from marts.{mart}) as figures
            inner join said on said.row_key = of_row
            where figures.{column} is not null
            group by of_row
        )
        select count(*), any_value(of_row) filter (where again is null or abs(figure - again) > 1e-9 * greatest(abs(figure), 1)) from computed
        """,
    )

    count = rows(whole, f"select count({column}) from marts.{mart}")[0][0]
    assert count > 0
    assert found == [(count, None)]


def test_explain_says_what_a_measure_over_every_commune_rests_on(whole: Whole) -> None:
    [(key, units)] = rows(
        whole,
        """
        select row_key, units_found from marts.regional_disparity
        where unit_level = 'commune' and measure_value is not null and weighting = 'DENOMINATOR'
        order by units_found desc, row_key limit 1
        """,
    )
    said = marsad(whole.settings.data, "explain", "--mart", "marts.regional_disparity", "--key", key, "--json").json

    assert units > 1000
    assert {each["role"]: each["of_role"] for each in said["statements"]}.items() >= {
        ("ALL_UNITS UNIT", units),
        ("ALL_UNITS WEIGHT", units),
    }
    assert sum(each["role"] == "ALL_UNITS UNIT" for each in said["statements"]) == 5
    assert all(each["release_row"] and each["document_title"] for each in said["statements"])
    assert said["figures"]["units_found"] == units


def test_explain_says_what_one_column_of_a_row_rests_on(whole: Whole) -> None:
    [(key,)] = rows(
        whole,
        "select row_key from marts.regional_indicators where indicator = 'company_creations' and ref_area = '06' and period = '2022'",
    )
    said = marsad(
        whole.settings.data, "explain", "--mart", "regional_indicators", "--key", key, "--column", "per_1000_census_after"
    )

    assert said.code == 0
    assert "per_1000_census_after        3.38" in said.out
    assert re.search(r"^VALUE  1 statement\n  company_creations  06  2022  EQ 25995 ", said.out, re.MULTILINE)
    assert re.search(r"^CENSUS_AFTER  1 statement\n  .*06  2024-09  EQ 7688967 ", said.out, re.MULTILINE)
    assert "CENSUS_BEFORE" not in said.out


def test_explain_of_a_rank_interval_shows_the_other_census_and_of_the_headline_rank_does_not(whole: Whole) -> None:
    """A rank interval rests on the populations of 2024 too; the headline rank on those of 2014 alone."""

    def roles(mart: str, key: str, column: str) -> dict[str, int]:
        said = marsad(whole.settings.data, "explain", "--mart", mart, "--key", key, "--column", column, "--json").json
        return {each["role"]: each["of_role"] for each in said["statements"]}

    figures = {"ALL_AREAS UNIT": 72, "ALL_AREAS WEIGHT": 48}
    for column in ("best_rank", "worst_rank", "mean_rank_shift", "variants", "variants_undefined"):
        assert roles("regional_digital_index", "RDI|06", column) == {**figures, "OTHER_CENSUS WEIGHT": 12}, column
    for column in ("arithmetic_rank", "dominance_pairs_share"):
        assert roles("regional_digital_index", "RDI|06", column) == figures, column
    for column in ("best_rank", "worst_rank", "first_order_share", "total_order_share"):
        assert roles("regional_index_sensitivity", "RDI|06|CENSUS", column) == {**figures, "OTHER_CENSUS WEIGHT": 12}, column
    assert rows(
        whole,
        """
        select distinct said.indicator, said.period from quality.lineage_parts as parts
        inner join quality.lineage on source_id = parts_key and lineage.role = 'OTHER_CENSUS'
        inner join staging.stg_observations as said on said.observation_id = parts.observation_id
        """,
    ) == [("hcp_rgph_population_legal", "2024-09")]  # fmt: skip


def test_explain_of_a_verdict_shows_what_it_was_judged_by_and_what_it_could_not_be(whole: Whole) -> None:
    """Not comparable: which figures were not; met late: the later figure too, which is not the one it is judged by."""
    target = "snn_2022.offshoring_jobs_net_creation.2030"
    said = marsad(
        whole.settings.data, "explain", "--mart", "strategy_progress", "--key", f"{target}|LINEAR", "--column", "verdict"
    ).out
    assert "verdict                      NOT_COMPARABLE" in said
    assert "ALTERNATIVE  2 statements" in said
    assert "plus de 18.500 emplois depuis 2022" in said
    [(named, entries)] = rows(
        whole,
        """
        select len(string_split(any_value(not_comparable_figures), '; ')), count(*)
        from marts.strategy_progress
        inner join quality.lineage on mart = 'strategy_progress' and row_key = target_id || '|' || method_code and role = 'ALTERNATIVE'
        where target_id = ? and method_code = 'LINEAR'
        """,
        target,
    )
    assert named == entries
    late = rows(
        whole,
        """
        select target_id, bool_or(said.period_end = met_later_on)
        from marts.strategy_progress
        inner join quality.lineage on mart = 'strategy_progress' and row_key = target_id || '|' || method_code and role = 'SERIES'
        inner join staging.stg_observations as said on said.observation_id = source_id
        where met_later_on is not null
        group by target_id
        """,
    )
    assert ("mn2013.internet_subscriptions.2013", True) in late
    assert all(is_there for _, is_there in late)


def test_explain_of_a_target_and_of_what_people_declared(whole: Whole) -> None:
    [(target,)] = rows(whole, "select min(target_id) from marts.strategy_targets ")
    said = marsad(whole.settings.data, "explain", "--mart", "strategy_targets", "--key", target).out
    assert "TARGET  1 statement" in said
    assert "GE " in said or "EQ " in said
    [(key,)] = rows(whole, "select min(row_key) from marts.regional_index_components where low is not null")
    said = marsad(whole.settings.data, "explain", "--mart", "regional_index_components", "--key", key, "--column", "low").out
    assert "declared by people in        reference.index_components" in said


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--mart", "regional_indicator", "--key", "x"), 5, "nearest: regional_indicators"),
        (("--mart", "regional_indicators", "--key", "no such row"), 5, "no row with the key 'no such row'"),
        (("--mart", "regional_indicators", "--key", "x", "--column", "per_100"), 5, "nearest: per_1000"),
        (("--mart", "regional_indicators"), 2, "--mart and --key"),
        (("company_creations", "--mart", "regional_indicators", "--key", "x"), 2, "--mart and --key"),
        ((), 2, "--mart and --key"),
    ],
)
def test_explain_of_a_row_offers_what_is_known(whole: Whole, arguments: tuple[str, ...], code: int, says: str) -> None:
    said = marsad(whole.settings.data, "explain", *arguments)

    assert said.code == code
    assert says in said.err.replace("\n", " ")
