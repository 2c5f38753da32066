"""Other indices by the models of ours: other rows of the two seeds, the same SQL; a published one on the real figures, and one by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.integration.conftest import Whole

INTERMEDIATE = ("int_index_figures", "int_index_other_census", "int_index_weight_sets", "int_index_variants")
MARTS = ("regional_index_components", "regional_digital_index", "regional_index_sensitivity")
PARTS = {"OSI": "UN.OSI@un_egov", "TII": "UN.TII@un_egov", "HCI": "UN.HCI@un_egov"}
# Equal thirds, but in 2010, whose first weight took the rounding.
WEIGHTS_OF_2010 = {"OSI": 34, "TII": 33, "HCI": 33}
EDITIONS = ("2010", "2012", "2014", "2016", "2018", "2020", "2022", "2024")
# Two components of four regions, worked by hand in the comments of the test below.
BY_HAND = {"x": (20, 35, 50, 80), "y": (90, 40, 60, 70)}
# The same x as counts: per 1,000 people of the census before as above; of the census after 100, 10, 40 and 50.
PEOPLE_AFTER = (200, 3500, 1250, 1600)


def declared(whole: Whole) -> duckdb.DuckDBPyConnection:
    """The published figures beside empty seeds of an index."""
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as marsad")
    connection.execute(f"attach '{whole.settings.published.resolve()}' as published (read_only)")
    for schema in ("reference", "intermediate", "marts"):
        connection.execute(f"create schema marsad.{schema}")
    for table in ("areas", "conventions", "code_lists"):
        connection.execute(f"create table marsad.reference.{table} as from published.reference.{table}")
    for table in ("index_components", "index_pillars"):
        connection.execute(f"create table marsad.reference.{table} as from published.reference.{table} limit 0")
    for table in ("int_compared_units", "int_reconciliation_cells", "int_population_denominators"):
        connection.execute(f"create table marsad.intermediate.{table} as from published.intermediate.{table} limit 0")
    return connection


def declare(
    connection: duckdb.DuckDBPyConnection,
    index: str,
    part: str,
    definition: str,
    level: str,
    period: str,
    high: int,
    weight: int = 1,
) -> None:
    """One component that is a pillar of its own, with goalposts from 0."""
    connection.execute(
        "insert into marsad.reference.index_pillars by name select ? as index_code, ? as pillar, ? as weight",
        [index, part, weight],
    )
    component(connection, index, part, part, definition, level, period, high, 1)


def component(
    connection: duckdb.DuckDBPyConnection,
    index: str,
    pillar: str,
    part: str,
    definition: str,
    level: str,
    period: str,
    high: int,
    weight: int,
) -> None:
    """One component of a pillar, with its weight within it."""
    connection.execute(
        "insert into marsad.reference.index_components by name select ? as index_code, ? as component, ? as pillar, ? as unit_level, "
        "? as definition, '_T' as urbanisation, '_T' as breakdown, ? as period_key, 'LINEAR' as transform, "
        "0 as low, ? as high, 1 as direction, ? as weight",
        [index, part, pillar, level, definition, period, high, weight],
    )


def compute(whole: Whole, connection: duckdb.DuckDBPyConnection) -> None:
    """The models, as dbt compiled them."""
    compiled = {path.stem: path for path in (whole.settings.dbt_target / "compiled").rglob("*.sql")}
    connection.execute(
        "insert into marsad.reference.code_lists by name "
        "select distinct 'COMPOSITE_INDEX' as code_list, index_code as code from marsad.reference.index_pillars"
    )
    for schema, names in (("intermediate", INTERMEDIATE), ("marts", MARTS)):
        for name in names:
            connection.execute(f"create table marsad.{schema}.{name} as {Path(compiled[name]).read_text(encoding='utf-8')}")


@pytest.fixture(scope="module")
def egdi(whole: Whole) -> duckdb.DuckDBPyConnection:
    """The United Nations' E-Government Development Index of Morocco: one index for each edition."""
    connection = declared(whole)
    connection.execute(
        "insert into marsad.intermediate.int_reconciliation_cells from published.intermediate.int_reconciliation_cells"
    )
    for edition in EDITIONS:
        for part, definition in PARTS.items():
            weight = WEIGHTS_OF_2010[part] if edition == "2010" else 1
            declare(connection, edition, part, definition, "country", edition, 1, weight)
    compute(whole, connection)
    return connection


def test_the_egdi_is_computed_again_from_its_three_components(whole: Whole, egdi: duckdb.DuckDBPyConnection) -> None:
    published = {
        period: float(value)
        for period, value in whole.connection.execute(
            "select period, value from marts.national_indicators where definition = 'egdi_score@un_egov'"
        ).fetchall()
    }
    found = dict(egdi.execute("select index_code, arithmetic_score / 100 from marsad.marts.regional_digital_index").fetchall())

    assert found.keys() == published.keys() == set(EDITIONS)
    # Morocco in 2024: (0.5618 + 0.8827 + 0.6078) / 3, printed 0.6841.
    assert round(found["2024"], 4) == 0.6841
    for edition in ("2010", "2012", "2014", "2016", "2018", "2022", "2024"):
        assert found[edition] == pytest.approx(published[edition], abs=0.0001), edition
    equal_thirds = (0.23809 + 0.17688 + 0.57393) / 3
    assert abs(equal_thirds - published["2010"]) > 0.0005


def test_what_lacks_a_component_has_no_score(egdi: duckdb.DuckDBPyConnection) -> None:
    """No source here prints the three components of 2020."""
    assert egdi.execute(
        "select arithmetic_score, components_missing, undefined_because from marsad.marts.regional_digital_index where index_code = '2020'"
    ).fetchall() == [(None, "HCI; OSI; TII", "every score: INCOMPLETE_COVERAGE")]


def test_what_ranks_depend_on_is_as_worked_by_hand(whole: Whole) -> None:
    """Ranks of regions 1 and 3 turn round with weights, normalisation and mean; no weights can turn round 4, 3 and 2."""
    connection = declared(whole)
    for part, figures in BY_HAND.items():
        declare(connection, "HAND", part, f"{part}@hand", "region", "2024", 100)
        declare(connection, "WITHIN", part, f"{part}@hand", "region", "2024", 100)
        for place, figure in enumerate(figures, start=1):
            connection.execute(
                "insert into marsad.intermediate.int_compared_units by name select 'region' as unit_level, ? as ref_area, ? as definition, "
                "'_T' as urbanisation, '_T' as breakdown, '2024' as period_key, 'RATE' as basis, ? as rate, 'A' as obs_status",
                [f"{place:02}", f"{part}@hand", float(figure)],
            )
    # Another index: the pillar x has y in it as well, for a quarter of it.
    connection.execute("update marsad.reference.index_components set weight = 3 where index_code = 'WITHIN' and pillar = 'x'")
    component(connection, "WITHIN", "x", "y in x", "y@hand", "region", "2024", 100, 1)
    compute(whole, connection)
    within = connection.execute(
        "select arithmetic_score, round(geometric_of_pillars_score, 4), geometric_of_pillars_rank from marsad.marts.regional_digital_index "
        "where index_code = 'WITHIN' and ref_area in ('01', '02', '03', '04') order by ref_area"
    ).fetchall()
    found = connection.execute(
        """
        select arithmetic_score, arithmetic_rank, round(geometric_score, 4), geometric_rank,
            round(geometric_of_pillars_score, 4), geometric_of_pillars_rank, best_rank, worst_rank,
            variants, round(mean_rank_shift, 9), dominates, is_dominated_by, dominance_pairs_share
        from marsad.marts.regional_digital_index where index_code = 'HAND' and ref_area in ('01', '02', '03', '04') order by ref_area
        """
    ).fetchall()
    scores = connection.execute(
        """
        select ref_area, normalisation, aggregation, round(score, 9), area_rank from marsad.intermediate.int_index_variants
        where index_code = 'HAND' and weight_set in (
            -- The set in which the second pillar is up and the first is down.
            select weight_set from marsad.intermediate.int_index_variants
            where index_code = 'HAND' and ref_area = '01' and normalisation = 'GOALPOST' and aggregation = 'ARITHMETIC' and round(score, 9) = 63.75
        ) and aggregation = 'ARITHMETIC' and normalisation in ('GOALPOST', 'MINMAX') order by all
        """
    ).fetchall()

    hangs_on = connection.execute(
        "select ref_area, factor, round(first_order_share, 6), round(total_order_share, 6), undefined_because "
        "from marsad.marts.regional_index_sensitivity where index_code = 'HAND' and ref_area in ('02', '04') order by all"
    ).fetchall()

    # ((3 x 20 + 90) / 4 + 90) / 2 and so on; and sqrt((3 x 20 + 90) / 4 x 90), the geometric mean of the two pillars.
    assert within == [(63.75, 58.0948, 2), (38.125, 38.0789, 4), (56.25, 56.1249, 3), (73.75, 73.6546, 1)]
    # Of 30 variants each (6 means, weights as declared, both up, both down, and one up with the other down), region 1 is third
    # with x up in the four arithmetic ones, and in the two geometric ones (the same here, where a pillar is one component), but
    # fourth there with x up: 20^.625 x 90^.375 = 35.2, region 2 having 36.8. Region 3 is third with y up in four, and under
    # min-max and z-scores in the three whose weights are equal. Where 1 and 3 tie, both are second.
    assert found == [
        (55, 2, 42.4264, 3, 42.4264, 3, 2, 4, 30, round((4 * 1 + 2 * (4 * 1 + 2)) / 30, 9), 0, 0, 0.5),
        (37.5, 4, 37.4166, 4, 37.4166, 4, 3, 4, 30, round(2 / 30, 9), 0, 2, 0.5),
        (55, 2, 54.7723, 2, 54.7723, 2, 2, 3, 30, round(10 / 30, 9), 1, 1, 0.5),
        (75, 1, 74.8331, 1, 74.8331, 1, 1, 1, 30, 0, 2, 0, 0.5),
    ]
    # 0.75 x + 1.25 y over 2.
    assert scores == [
        ("01", "GOALPOST", "ARITHMETIC", 63.75, 2), ("01", "MINMAX", "ARITHMETIC", 62.5, 2),
        ("02", "GOALPOST", "ARITHMETIC", 38.125, 4), ("02", "MINMAX", "ARITHMETIC", 9.375, 4),
        ("03", "GOALPOST", "ARITHMETIC", 56.25, 3), ("03", "MINMAX", "ARITHMETIC", 43.75, 3),
        ("04", "GOALPOST", "ARITHMETIC", 73.75, 1), ("04", "MINMAX", "ARITHMETIC", 75, 1),
    ]  # fmt: skip
    # Region 2 is third in two of the 24 combinations, the geometric means with x up and y down: the variance of its rank is
    # 1/12 x 11/12. The method alone has (2/6 x 1/16 - 1/144) of it, each weight (1/2 x 1/36 - 1/144); with interactions a quarter
    # of 1/3 x 2/3, and 2/12 of 1/4.
    variance = 1 / 12 * 11 / 12
    assert hangs_on == [
        ("02", "METHOD", round(1 / 72 / variance, 6), round(1 / 18 / variance, 6), None),
        ("02", "WEIGHT x", round(1 / 144 / variance, 6), round(1 / 24 / variance, 6), None),
        ("02", "WEIGHT y", round(1 / 144 / variance, 6), round(1 / 24 / variance, 6), None),
        ("04", "METHOD", None, None, "NO_VARIATION"),
        ("04", "WEIGHT x", None, None, "NO_VARIATION"),
        ("04", "WEIGHT y", None, None, "NO_VARIATION"),
    ]


@pytest.fixture(scope="module")
def by_heads(whole: Whole) -> duckdb.DuckDBPyConnection:
    """The index of the test above, with x per head: HEADS between two censuses, and three that are not, or not all, between them."""
    connection = declared(whole)
    # BEFORE has no census after its period, AFTER none before; in LACKS region 4 has none after. LOGS is HEADS on a log scale.
    for index in ("AFTER", "BEFORE", "HEADS", "LACKS", "LOGS"):
        declare(connection, index, "x", "x@hand", "region", "HEADS" if index == "LOGS" else index, 100)
        declare(connection, index, "y", "y@hand", "region", "2024", 100)
    connection.execute(
        "update marsad.reference.index_components set transform = 'LOG10', high = 2 where index_code = 'LOGS' and component = 'x'"
    )
    for place, (count, rate, after) in enumerate(zip(BY_HAND["x"], BY_HAND["y"], PEOPLE_AFTER, strict=True), start=1):
        area = f"{place:02}"
        connection.execute(
            "insert into marsad.intermediate.int_compared_units by name select 'region' as unit_level, ? as ref_area, 'y@hand' as definition, "
            "'_T' as urbanisation, '_T' as breakdown, '2024' as period_key, date '2024-12-31' as period_end, 'RATE' as basis, "
            "? as value, ? as rate, 'A' as obs_status",
            [area, rate, float(rate)],
        )
        for period, end in (("AFTER", "2010-12-31"), ("HEADS", "2022-12-31"), ("LACKS", "2021-12-31"), ("BEFORE", "2030-12-31")):
            is_before, is_after = period != "AFTER", period in ("AFTER", "HEADS") or (period == "LACKS" and place < 4)
            connection.execute(
                "insert into marsad.intermediate.int_compared_units by name select 'region' as unit_level, ? as ref_area, "
                "'x@hand' as definition, '_T' as urbanisation, '_T' as breakdown, ? as period_key, ?::date as period_end, "
                "'PER_HEAD' as basis, ? as value, ? as rate, 'A' as obs_status",
                [area, period, end, count, 1000 * count / (1000 if is_before else after)],
            )
            connection.execute(
                "insert into marsad.intermediate.int_population_denominators by name select ? as ref_area, '_T' as urbanisation, "
                "?::date as period_end, ? as population, ?::date as population_on, ?::date as before_on, ? as before_population, "
                "? as before_observation_id, ?::date as after_on, ? as after_population, ? as after_observation_id",
                [
                    area, end, 1000 if is_before else after, "2014-09-30" if is_before else "2024-09-30",
                    *(("2014-09-30", 1000, f"before {area}") if is_before else (None, None, None)),
                    *(("2024-09-30", after, f"after {area}") if is_after else (None, None, None)),
                ],
            )  # fmt: skip
    compute(whole, connection)
    return connection


def test_ranks_on_the_other_census_are_as_worked_by_hand(by_heads: duckdb.DuckDBPyConnection) -> None:
    """On the census after, regions stand as 1, 4, 3, 2 on x as on y: so they rank under every normalisation, mean and weight."""
    found = by_heads.execute(
        """
        select arithmetic_score, arithmetic_rank, geometric_rank, best_rank, worst_rank, variants, round(mean_rank_shift, 9), dominates, dominance_pairs_share
        from marsad.marts.regional_digital_index where index_code = 'HEADS' and ref_area in ('01', '02', '03', '04') order by ref_area
        """
    ).fetchall()
    hangs_on = by_heads.execute(
        "select ref_area, factor, round(first_order_share, 6), round(total_order_share, 6) "
        "from marsad.marts.regional_index_sensitivity where index_code = 'HEADS' and ref_area in ('02', '04') order by all"
    ).fetchall()

    # As compared, what the test above found for the 30 variants; 30 more in which region 1 is first instead of second, region 2
    # fourth, region 3 third instead of second and region 4 second instead of first. Scores, their ranks and the pairs that no
    # weights turn round (half of them; on the census after all of them) stay those of the figures as compared.
    assert found == [
        (55, 2, 3, 1, 4, 60, round((16 + 30) / 60, 9), 0, 0.5),
        (37.5, 4, 4, 3, 4, 60, round(2 / 60, 9), 0, 0.5),
        (55, 2, 2, 2, 3, 60, round((10 + 30) / 60, 9), 1, 0.5),
        (75, 1, 1, 1, 2, 60, round(30 / 60, 9), 2, 0.5),
    ]
    # Region 4 is first on the one census and second on the other, whatever else is chosen. Region 2 is third in two of 48
    # combinations: the variance of its rank is 1/24 x 23/24 = 23/576. Census and weights have each 1/4 x (2/24)^2 = 1/576 of it, the
    # method 2/6 x (1/8)^2 - (1/24)^2 = 2/576; with interactions 2/24 x 1/4 = 12/576, and 1/8 of 1/3 x 2/3 = 16/576.
    assert hangs_on == [
        ("02", "CENSUS", round(1 / 23, 6), round(12 / 23, 6)), ("02", "METHOD", round(2 / 23, 6), round(16 / 23, 6)),
        ("02", "WEIGHT x", round(1 / 23, 6), round(12 / 23, 6)), ("02", "WEIGHT y", round(1 / 23, 6), round(12 / 23, 6)),
        ("04", "CENSUS", 1, 1), ("04", "METHOD", 0, 0), ("04", "WEIGHT x", 0, 0), ("04", "WEIGHT y", 0, 0),
    ]  # fmt: skip


def test_components_show_the_figure_on_the_other_census(by_heads: duckdb.DuckDBPyConnection) -> None:
    found = by_heads.execute(
        """
        select figure, score, other_census_figure, other_census_on::varchar, other_census_score, other_census_observation_id
        from marsad.marts.regional_index_components
        where index_code = 'HEADS' and component = 'x' and ref_area in ('01', '02', '03', '04') order by ref_area
        """
    ).fetchall()
    logs = by_heads.execute(
        """
        select other_census_figure, round(other_census_score, 3) from marsad.marts.regional_index_components
        where index_code = 'LOGS' and component = 'x' and ref_area in ('01', '02', '03', '04') order by ref_area
        """
    ).fetchall()

    # 1,000 x 20 / 200, 1,000 x 35 / 3,500, 1,000 x 50 / 1,250, 1,000 x 80 / 1,600.
    assert found == [
        (20, 20, 100, "2024-09-30", 100, "after 01"), (35, 35, 10, "2024-09-30", 10, "after 02"),
        (50, 50, 40, "2024-09-30", 40, "after 03"), (80, 80, 50, "2024-09-30", 50, "after 04"),
    ]  # fmt: skip
    # Half the decimal logarithm of the figure, times 100.
    assert logs == [(100, 100), (10, 50), (40, 80.103), (50, 84.949)]


def test_an_index_without_another_census_has_no_more_variants(by_heads: duckdb.DuckDBPyConnection) -> None:
    """None before the period, none after it, or none for one of the areas: there is nothing to choose. Nor is there for a rate."""
    assert by_heads.execute(
        """
        select index_code, max(variants), (
            select string_agg(distinct factor, ', ' order by factor) from marsad.marts.regional_index_sensitivity as choices
            where choices.index_code = scores.index_code
        ) from marsad.marts.regional_digital_index as scores group by index_code order by index_code
        """
    ).fetchall() == [
        ("AFTER", 30, "METHOD, WEIGHT x, WEIGHT y"),
        ("BEFORE", 30, "METHOD, WEIGHT x, WEIGHT y"),
        ("HEADS", 60, "CENSUS, METHOD, WEIGHT x, WEIGHT y"),
        ("LACKS", 30, "METHOD, WEIGHT x, WEIGHT y"),
        ("LOGS", 60, "CENSUS, METHOD, WEIGHT x, WEIGHT y"),
    ]
    assert by_heads.execute(
        "select distinct index_code, component from marsad.marts.regional_index_components "
        "where coalesce(other_census_figure, other_census_score) is not null or other_census_on is not null order by all"
    ).fetchall() == [("HEADS", "x"), ("LOGS", "x")]
