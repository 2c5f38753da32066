"""Figures that a person can check by hand, in the publication made from all the real data."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from tests.integration.conftest import Whole

# Companies created in 2022 as OMPIC's barometer prints them by region; to the end of March; and the legal population of the
# censuses of 2014 and 2024.
REGIONS = {
    "01": (13519, 3388, 3556729, 4030222),
    "02": (5514, 1298, 2314346, 2294665),
    "03": (6969, 1988, 4236892, 4467911),
    "04": (12138, 3330, 4580866, 5132639),
    "05": (3337, 892, 2520776, 2525801),
    "06": (25995, 7163, 6861739, 7688967),
    "07": (9246, 2279, 4520569, 4892393),
    "08": (2479, 740, 1635008, 1655623),
    "09": (6285, 1586, 2676847, 3020431),
    "10": (981, 280, 433757, 448685),
    "11": (4478, 1152, 367758, 451028),
    "12": (2331, 564, 142955, 219965),
}
WITHOUT_FIGURES_IN_2014 = {
    # Counted by arrondissement: Tanger, Fès, Rabat, Salé, Casablanca, Marrakech.
    "01.511.01.0", "03.231.01.0", "04.421.01.0", "04.441.01.0", "06.141.01.0", "07.351.01.0",
    # In Dakhla-Oued Ed-Dahab, without a row.
    "12.066.01.03", "12.066.03.03", "12.066.03.09", "12.391.05.05",
}  # fmt: skip


def rows(whole: Whole, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return whole.connection.execute(sql, parameters).fetchall()


# Companies


def test_companies_per_1000_people_by_region_on_both_censuses(whole: Whole) -> None:
    found = rows(
        whole,
        """
        select ref_area, value, before_population, after_population, before, after, rank_value, rank_per_1000 from (
            select *, census_before_population as before_population, census_after_population as after_population,
                per_1000_census_before as before, per_1000_census_after as after
            from marts.regional_indicators
            where definition = 'company_creations@ompic' and period = '2022' and breakdown = '_T' and urbanisation = '_T'
        ) order by before desc
        """,
    )

    assert {row[0]: tuple(map(int, row[1:4])) for row in found} == {
        area: (created, before, after) for area, (created, _, before, after) in REGIONS.items()
    }
    for area, created, before, after, per_before, per_after, *_ in found:
        assert math.isclose(per_before, 1000 * int(created) / int(before)), area
        assert math.isclose(per_after, 1000 * int(created) / int(after)), area
    # Few people, many companies: the south leads per head, Casablanca by number.
    assert [row[0] for row in found[:4]] == ["12", "11", "01", "06"]
    assert [round(row[4], 2) for row in found[:4]] == [16.31, 12.18, 3.80, 3.79]
    assert [row[0] for row in sorted(found, key=lambda row: -row[5])[:4]] == ["12", "11", "06", "01"]
    assert [row[7] for row in found] == list(range(1, 13))
    assert {row[0]: row[6] for row in found}["06"] == 1


def test_companies_per_1000_households_and_what_changed_since_the_census_before(whole: Whole) -> None:
    """Casablanca-Settat: 25,995 companies; households 1,559,404 in 2014 and 2,021,032 in 2024; 6,861,739 and 7,688,967 people."""
    [companies] = rows(
        whole,
        """
        select per_1000_households, households, households_on::varchar, households_gap_years, per_1000_households_census_before,
            per_1000_households_census_after, households_after, change_since_census
        from marts.regional_indicators
        where definition = 'company_creations@ompic' and period = '2022' and breakdown = '_T' and urbanisation = '_T' and ref_area = '06'
        """,
    )
    changes = rows(
        whole,
        """
        select indicator, previous_census_on::varchar, previous_census_gap_years, change_since_census, round(growth_since_census, 4)
        from marts.regional_indicators
        where indicator in ('hcp_rgph_households', 'hcp_rgph_population_legal')
            and ref_area = '06' and urbanisation = '_T' and period = '2024-09'
        order by indicator
        """,
    )

    assert companies == (
        pytest.approx(1000 * 25995 / 1559404), 1559404, "2014-09-30", 8.25, pytest.approx(1000 * 25995 / 1559404),
        pytest.approx(1000 * 25995 / 2021032), 2021032, None,
    )  # fmt: skip
    assert changes == [
        ("hcp_rgph_households", "2014-09-30", 10, 2021032 - 1559404, 0.2960),
        ("hcp_rgph_population_legal", "2014-09-30", 10, 7688967 - 6861739, 0.1206),
    ]
    # The sum of what changed in the regions is HCP's own: 1,366,187 urban households more, and 595,045 rural ones.
    assert rows(
        whole,
        "select urbanisation, sum(change_since_census) from marts.regional_indicators "
        "where indicator = 'hcp_rgph_households' and period = '2024-09' and urbanisation <> '_T' group by all order by all",
    ) == [("R", 595045), ("U", 1366187)]


def test_the_census_on_either_side_is_the_one_named(whole: Whole) -> None:
    [dates] = rows(
        whole,
        """
        select distinct census_before_on::varchar, census_after_on::varchar, population_on::varchar, round(gap_years, 2)
        from marts.regional_indicators where definition = 'company_creations@ompic' and period = '2022'
        """,
    )

    assert dates == ("2014-09-30", "2024-09-30", "2014-09-30", 8.25)


def test_april_to_december_2022_is_a_subtraction(whole: Whole) -> None:
    found = rows(
        whole,
        """
        select ref_area, value, minuend, subtrahend, method, regions_sum, national_value, sum_check, period_start::varchar
        from marts.regional_company_creation
        where period = '2022-04/2022-12' and breakdown = '_T' and level = 'region' order by ref_area
        """,
    )

    assert [tuple(map(int, row[1:4])) for row in found] == [(year - march, year, march) for year, march, *_ in REGIONS.values()]
    assert sum(row[1] for row in found) == 93272 - 24660 == 68612
    assert {row[4:] for row in found} == {("BY_SUBTRACTION", 68612, 68612, "ADDS_UP", "2022-04-01")}
    by_form = rows(
        whole,
        """
        select breakdown, value from marts.regional_company_creation
        where period = '2022-04/2022-12' and ref_area = 'MA' and breakdown <> '_T' order by breakdown
        """,
    )
    assert by_form == [("LEGAL_FORM=LEGAL_PERSON", 63219 - 17444), ("LEGAL_FORM=NATURAL_PERSON", 30053 - 7216)]
    assert sum(value for _, value in by_form) == 68612


def test_a_half_year_by_legal_form_adds_up_to_what_is_printed(whole: Whole) -> None:
    by_form = rows(
        whole,
        """
        select breakdown, value from marts.regional_company_creation
        where period = '2023-01/2023-06' and method = 'AS_PRINTED' and ref_area = 'MA' and breakdown <> '_T' order by breakdown
        """,
    )
    assert by_form == [("LEGAL_FORM=LEGAL_PERSON", 33565), ("LEGAL_FORM=NATURAL_PERSON", 15580)]
    assert sum(value for _, value in by_form) == 49145


def test_aggregates_of_areas_are_what_the_parts_come_to(whole: Whole) -> None:
    """Internet at home in 2014 by households, companies by number: the totals of the barometer, and the three regions of the south."""
    found = rows(
        whole,
        """
        select ref_area, indicator, period, aggregate_value, published_value, difference from marts.area_aggregates
        where kind in ('REGIONS_TO_COUNTRY', 'REGIONS_TO_GROUP') and ref_area <> 'REST' and breakdown = '_T' and urbanisation = '_T'
            and indicator = 'company_creations' and period in ('2022', '2022-Q1') order by all
        """,
    )
    south = [sum(REGIONS[region][column] for region in ("10", "11", "12")) for column in (0, 1)]
    by_households, by_regions = rows(
        whole,
        """
        select sum(share.value * households.value) / sum(households.value), avg(share.value)
        from marts.regional_indicators as share
        inner join marts.regional_indicators as households using (ref_area, urbanisation, period)
        where share.indicator = 'hcp_rgph_households_internet' and households.indicator = 'hcp_rgph_households' and urbanisation = '_T'
        """,
    )[0]
    internet = rows(
        whole,
        "select kind, aggregate_value, denominator, denominator_on::varchar, coverage_share, published_value from marts.area_aggregates "
        "where indicator = 'hcp_rgph_households_internet' and urbanisation = '_T' and ref_area = 'MA' order by kind desc",
    )

    assert found == [
        ("MA", "company_creations", "2022", 93272, 93550, 278),
        ("MA", "company_creations", "2022-Q1", 24660, 24660, 0),
        ("SOUTH", "company_creations", "2022", south[0], None, None),
        ("SOUTH", "company_creations", "2022-Q1", south[1], None, None),
    ]
    assert abs(by_households - by_regions) > Decimal("0.5")
    for kind, value, *said in internet:
        assert float(value) == pytest.approx(float(by_households), abs=0.05), kind
        assert said == ["hcp_rgph_households", "2014-09-30", 1, Decimal("19.3")], kind
    # quality.reconciliations comes to the same by its own way.
    assert rows(
        whole,
        "select count(*), count(*) filter (where ours.covered_value is distinct from theirs.computed_value "
        "or ours.coverage_share is distinct from theirs.coverage_share or ours.obs_status is distinct from theirs.parts_status) "
        "from marts.area_aggregates as ours inner join quality.reconciliations as theirs "
        "using (kind, definition, ref_area, urbanisation, breakdown, period)",
    ) == [(1971, 0)]


def test_a_later_total_is_a_revision_and_shown_as_such(whole: Whole) -> None:
    [(value, minuend, check)] = rows(
        whole,
        """
        select value, minuend, sum_check from marts.regional_company_creation
        where period = '2022-04/2022-12' and ref_area = 'MA' and breakdown = '_T'
        """,
    )
    revised = rows(
        whole,
        """
        select last_value, first_value, direction from quality.revisions
        where indicator = 'company_creations' and period = '2022' and ref_area = 'MA' and breakdown = '_T'
        """,
    )

    assert (value, minuend, check) == (93550 - 24660, 93550, "DIFFERENCE")
    assert revised == [(93550, 93272, "UP")]


def test_no_quarter_is_made_of_a_cumulated_figure(whole: Whole) -> None:
    """The first half of 2023, 49,145, stands as a half-year; nothing is read as a second quarter but by subtraction."""
    found = rows(
        whole,
        """
        select period, method, value from marts.regional_company_creation
        where ref_area = 'MA' and breakdown = '_T' and period_start >= '2023-01-01' and period_end <= '2023-06-30'
        """,
    )

    assert ("2023-01/2023-06", "AS_PRINTED", 49145) in found
    assert {method for period, method, _ in found if period.startswith("2023-Q2")} <= {"BY_SUBTRACTION"}


def test_the_count_that_cannot_be_a_quarter_is_no_company_creation(whole: Whole) -> None:
    """210,176 "to the end of March 2023": kept, under an indicator of its own, with a start that nobody stated."""
    kept = rows(whole, "select indicator, period, period_start, obs_status from staging.stg_observations where value = 210176")

    assert kept == [("ompic_anomalous_to_2023_03", "../2023-03", None, "U")]
    assert rows(whole, "select 1 from marts.regional_company_creation where 210176 in (value, minuend, subtrahend)") == []
    assert rows(whole, "select distinct definition from marts.regional_company_creation") == [("company_creations@ompic",)]


def test_the_ecosystems_of_offshoring_make_its_exports(whole: Whole) -> None:
    """10.578 + 9.797 + 3.462 + 2.334 + 0.048 = 26.219 billion, printed 26.2; the two largest are 40.3 and 37.4 percent."""
    parts = rows(
        whole,
        "select breakdown, value, round(100 * value / sum(value) over (), 1) from marts.national_indicators "
        "where definition = 'offshoring_export_revenue@oc_2025' and period = '2024' and breakdown <> '_T' order by value desc",
    )
    total = rows(
        whole,
        "select published_value, computed_value, status from quality.reconciliations "
        "where definition = 'offshoring_export_revenue@oc_2025' and period = '2024' and kind = 'BREAKDOWN_TO_TOTAL: SEGMENT'",
    )

    assert [(part, share) for part, _, share in parts[:2]] == [("SEGMENT=ITO", 40.3), ("SEGMENT=CRM", 37.4)]
    assert sum(value for _, value, _ in parts) == 26_219_000_000
    assert total == [(26_200_000_000, 26_219_000_000, "OK")]


def test_the_towns_of_casablanca_that_exceed_their_region_are_shown(whole: Whole) -> None:
    found = rows(
        whole,
        "select ref_area, period, published_value, computed_value, status from quality.reconciliations "
        "where kind = 'CITIES_WITHIN_REGION'",
    )

    assert found == [("06", "2022-Q1", 7163, 7253, "DIFFERENCE")]


# Strategies


def test_what_became_of_the_promises_of_maroc_numeric_2013(whole: Whole) -> None:
    found = {
        target: (verdict, actual, progress)
        for target, verdict, actual, progress in rows(
            whole,
            "select target_id, verdict, actual_value, round(progress_share, 4) from marts.strategy_progress "
            "where strategy = 'MN2013' and method_code = 'LINEAR'",
        )
    }
    measured = {target: said for target, said in found.items() if said[0] != "NOT_MEASURABLE"}

    assert len(found) == 19
    assert measured == {
        "mn2013.households_internet_share.2013": ("MET_ON_TIME", Decimal("33.3333"), 1.0),
        "mn2013.infitah_beneficiaries.2013": ("MISSED", 3040, 0.304),
        "mn2013.moussanada_ti_companies.2013": ("MISSED", 295, 0.0983),
        # (0.50598 - 0.2) / (0.8 - 0.2)
        "mn2013.egdi_score.2013": ("MISSED", Decimal("0.50598"), 0.51),
        # About 10 million in 2014: in time or not, nobody said.
        "mn2013.internet_subscriptions.2013": ("INDETERMINATE", 10_000_000, None),
        # About 2 billion of 6 in 2012, and silence afterwards.
        "mn2013.offshoring_export_revenue_it.2013": ("INDETERMINATE", 2_000_000_000, None),
    }


def test_the_scorecard_counts_those_verdicts(whole: Whole) -> None:
    assert rows(
        whole,
        "select targets, promises, met_on_time, met_late, missed, indeterminate, not_comparable, not_measurable, measured, coverage "
        "from marts.strategy_scorecard where strategy = 'MN2013' and axis = '_T' and method_code = 'LINEAR'",
    ) == [(19, 12, 1, 0, 3, 2, 0, 6, 6, "6 of 12 promises measurable")]
    # Every promise is on one axis, and each axis is counted by every method alike.
    assert (
        rows(
            whole,
            "select strategy, method_code from marts.strategy_scorecard group by all "
            "having 2 * max(promises) <> sum(promises) or 2 * max(targets) <> sum(targets)",
        )
        == []
    )
    assert (
        rows(
            whole,
            "select count(distinct promises) from marts.strategy_scorecard group by strategy, axis having max(promises) <> min(promises)",
        )
        == []
    )


def test_what_was_known_of_maroc_numeric_2013_at_its_end(whole: Whole) -> None:
    """By the end of 2013 the press had printed two figures; the court's evaluation is of 2014, other documents have no date."""
    assert rows(
        whole,
        "select target_id, verdict_at_due, known_at_due_value, known_at_due_period, verdict from marts.strategy_progress "
        "where strategy = 'MN2013' and method_code = 'LINEAR' and known_at_due_observation_id is not null order by target_id",
    ) == [
        ("mn2013.households_internet_share.2013", "MET_ON_TIME", Decimal("33.3333"), "2013-06", "MET_ON_TIME"),
        ("mn2013.internet_subscriptions.2013", "INDETERMINATE", 4_000_000, "2013-06", "INDETERMINATE"),
    ]
    assert rows(whole, "select distinct verdict_at_due from marts.strategy_progress where not is_due") == [(None,)]


def test_methods_differ_on_the_jobs_of_2030(whole: Whole) -> None:
    """148,500 in 2024 on the way from about 130,000 to 270,000: behind the straight path, perhaps on the path of growth rates."""
    found = {
        method: (verdict, worst, best, reason)
        for method, verdict, worst, best, reason in rows(
            whole,
            "select method_code, verdict, class_worst, class_best, unclassified_because from marts.strategy_progress "
            "where target_id = 'dm2030.offshoring_jobs.2030'",
        )
    }

    assert found == {
        "LINEAR": ("OFF_TRACK", None, None, None),
        "STATCAN_Q": ("INDETERMINATE", "LIMITED_PROGRESS", "ON_TRACK", None),
        "STATCAN_N": (None, "ON_TRACK", "ON_TRACK", "TREND_ALONE"),
        "UNSD_2023": ("INDETERMINATE", "FAIR_PROGRESS", "ON_TRACK", None),
        "UNSD_2026": ("INDETERMINATE", "MARGINAL_PROGRESS", "ON_TRACK", None),
        "UNSD_2023_N": (None, "FAIR_PROGRESS", "ON_TRACK", "TREND_ALONE"),
        "UNSD_2026_N": (None, "MODERATE_PROGRESS", "ON_TRACK", "TREND_ALONE"),
        "ESCAP_CSI": (None, None, None, "NO_CLASSES"),
        "ESCAP_API": (None, None, None, "CUT_OFF_UNVERIFIED"),
        "DE_NSDP": (None, None, None, "TOO_FEW_POINTS"),
    }


def test_targets_are_chained_across_strategies(whole: Whole) -> None:
    found = {
        (earlier, later): (basis, relation)
        for earlier, later, basis, relation in rows(
            whole, "select target_id, later_target_id, basis, relation from marts.strategy_target_chains"
        )
    }

    coverage = ("dm2030.population_5g_coverage.2030", "anrt_5g_2025.population_5g_coverage.2030")
    assert found[coverage] == ("SUPERSEDES", "RAISED")
    assert found["md2025.egdi_osi_rank.2025", "dm2030.egdi_osi_rank.2030"] == ("LATER_STRATEGY", "LOWERED")
    assert found["dm2030_draft.egdi_osi_rank.2030", "dm2030.egdi_osi_rank.2030"] == ("SUPERSEDES", "RESTATED")
    assert found["dm2030_draft.digital_jobs_direct.2030", "dm2030.digital_jobs_direct.2030"] == ("SUPERSEDES", "REDEFINED")
    # No source here says that the services of 2013 were given up; none states a later target for them either.
    assert found["mn2013.egov_services.2013", None] == ("NEXT_STRATEGY", "NOT_TAKEN_UP")
    assert {later for (earlier, later) in found if earlier == "md2025.egdi_osi_rank.2025"} == {
        "dm2030.egdi_osi_rank.2030", "dm2030_draft.egdi_osi_rank.2030",
    }  # fmt: skip


def test_methods_disagree_on_the_jobs_of_2030(whole: Whole) -> None:
    """From about 130,000 to 270,000 with 148,500 in 2024: behind on the straight path whatever "about" means, on track by growth
    from its upper end."""
    found = rows(
        whole,
        "select target_id, bool_and(methods_disagree) from marts.strategy_progress where methods_disagree is not null group by all",
    )

    assert dict(found) == {"dm2030.offshoring_jobs.2026": True, "dm2030.offshoring_jobs.2030": True}


def test_what_lacks_communes_is_not_measured_over_the_rest(whole: Whole) -> None:
    """Three rural communes and an urban one have no figure in 2014: neither their part nor the whole is complete."""
    found = rows(
        whole,
        "select unit_level, urbanisation, units_found, units_expected, undefined_because from marts.regional_disparity "
        "where indicator = 'hcp_rgph_households_internet' and period = '2014-09' and weighting = 'EQUAL' and measure_code = 'GINI' "
        "and unit_level <> 'region' order by all",
    )

    assert found == [
        ("commune", "R", 1279, 1282, "INCOMPLETE_COVERAGE"),
        ("commune", "U", 401, 402, "INCOMPLETE_COVERAGE"),
        ("commune", "_T", 1534, 1538, "INCOMPLETE_COVERAGE"),
        ("province", "R", 73, 73, None),
        ("province", "U", 73, 74, "INCOMPLETE_COVERAGE"),
        ("province", "_T", 75, 75, None),
    ]


def test_one_promise_worded_twice_adds_up_or_is_seen_not_to(whole: Whole) -> None:
    """32,000 + 26,000 = 58,000 and 130,000 + 140,000 = 270,000; 27 = 7 + 20. But 380 startups and 3,000 created are not
    3,000, nor do the 25,000 jobs of one page make 58,000."""
    levels = rows(
        whole,
        "select target_id, value, level_from_increment from marts.strategy_target_chains "
        "where level_from_increment is not null order by target_id, level_from_increment",
    )
    parts = rows(
        whole,
        "select target_id, max(value), sum(later_value) from marts.strategy_target_chains where relation = 'PART_OF' group by all",
    )

    assert levels == [
        ("dm2030.offshoring_jobs.2030", 270_000, 270_000),
        ("dm2030.startups_existing.2030", 3000, 3380),
        ("mn2013.digital_jobs_total.2013", 58_000, 57_000),
        ("mn2013.digital_jobs_total.2013", 58_000, 58_000),
    ]
    assert parts == [("mn2013.digital_gdp_additional.2013", 27_000_000_000, 27_000_000_000)]
    assert rows(whole, "select * from reference.target_promises anti join marts.strategy_targets using (target_id)") == []
    assert (
        rows(
            whole,
            "select * from reference.target_promises as said anti join marts.strategy_targets as main on main.target_id = said.promise",
        )
        == []
    )
    assert (
        rows(
            whole,
            "select one.target_id from marts.strategy_targets as one inner join marts.strategy_targets as main "
            "on main.target_id = one.promise where main.strategy <> one.strategy or main.domain <> one.domain "
            "or main.promise <> main.target_id",
        )
        == []
    )


def test_exports_of_2030_are_forecast_on_the_old_perimeter_only(whole: Whole) -> None:
    """6.86 (2011), 7.54 (2015), 17.9 (2023): by amounts 24.7 billion in 2030, by growth rates 32.2; the target is 40."""
    found = rows(
        whole,
        "select shape_code, round(forecast_value / 1e9, 2), obs_status, window_periods, window_points, met_state from marts.strategy_forecast "
        "where target_id = 'dm2030.offshoring_export_revenue.2030' order by shape_code",
    )

    assert found == [
        ("LINEAR", 24.71, "F", "2011; 2015; 2023", 3, "UNMET"),
        ("LOG_LINEAR", 32.21, "F", "2011; 2015; 2023", 3, "UNMET"),
    ]


def test_what_cannot_be_forecast_says_why(whole: Whole) -> None:
    assert (
        rows(
            whole,
            "select 1 from marts.strategy_forecast where (forecast_value is null) <> (refused_because is not null) "
            "or (forecast_value is null) <> (obs_status = 'O') or (forecast_value is not null and window_points < 3) "
            "or forecast_value > ceiling or (ceiling is not null and forecast_value < 0)",
        )
        == []
    )
    reasons = dict(
        rows(
            whole,
            "select target_id, any_value(refused_because) from marts.strategy_forecast where target_id in "
            "('dm2030.egdi_osi_rank.2030', 'dm2030.strategy_budget.2026', 'mn2013.egdi_score.2013', 'dm2030.offshoring_jobs.2030') group by all",
        )
    )
    assert reasons == {
        "dm2030.egdi_osi_rank.2030": "ORDINAL",
        "dm2030.strategy_budget.2026": "ONE_OFF",
        "mn2013.egdi_score.2013": "PAST_DUE",
        "dm2030.offshoring_jobs.2030": "TOO_FEW_POINTS",
    }


def test_programmes_of_cities_stand_in_their_territory(whole: Whole) -> None:
    placed = rows(
        whole,
        "select programme, commune_label_en, province_label_en, region, event_period from marts.city_programmes order by programme",
    )
    agadir = dict(
        rows(
            whole,
            "select figure_of, value from marts.city_programme_figures "
            "where programme = 'pilot_city.agadir' and indicator = 'hcp_rgph_households_internet'",
        )
    )

    assert len(placed) == 11
    assert ("technopark.agadir", "Agadir", "Agadir-Ida-Ou-Tanane", "09", None) in placed
    assert ("technopark.rabat", "Rabat", "Rabat", "04", "2012") in placed
    assert ("offshoring_park.oujda_shore", None, "Oujda-Angad", "02", None) in placed
    assert agadir == {"COMMUNE": Decimal("40.3"), "PROVINCE": Decimal("32.7"), "REGION": Decimal("18.8")}
    # Two undated counts of jobs in one park stay two.
    assert rows(
        whole,
        "select value from marts.city_programme_figures where programme = 'offshoring_park.casanearshore' "
        "and indicator = 'offshoring_site_jobs' order by value",
    ) == [(16_000,), (30_000,)]


def test_exports_of_2023_are_two_figures_under_two_definitions(whole: Whole) -> None:
    found = rows(
        whole,
        """
        select current_definition, current_value, other_definition, other_value, basis, kind from quality.contradictions
        where indicator = 'offshoring_export_revenue' and period = '2023' and ref_area = 'MA'
        """,
    )
    national = rows(
        whole,
        """
        select definition, value, bound from marts.national_indicators
        where indicator = 'offshoring_export_revenue' and period = '2023' and breakdown = '_T' order by definition
        """,
    )

    old, new = "offshoring_export_revenue@oc_old", "offshoring_export_revenue@oc_2025"
    assert found == [(new, 26_170_000_000, old, 17_900_000_000, "DEFINITION", "DEFINITION")]
    assert national == [(new, 26_170_000_000, "EQ"), (old, 17_900_000_000, "EQ")]


def test_no_target_is_held_against_exports_of_another_definition(whole: Whole) -> None:
    """40 billion in 2030 from 17.9 would be on track at 26.2: another perimeter, so no verdict at all."""
    found = rows(
        whole,
        """
        select progress.target_id, progress.definition, actual.definition, baseline.definition, progress.verdict,
            progress.not_comparable_figures like '%offshoring_export_revenue@oc_2025 (2024)%'
        from marts.strategy_progress as progress
        left join staging.stg_observations as actual on actual.observation_id = progress.actual_observation_id
        left join staging.stg_observations as baseline on baseline.observation_id = progress.observed_baseline_observation_id
        """,
    )

    assert all({actual, baseline} <= {None, target} for _, target, actual, baseline, *_ in found)
    dm2030 = {row[0]: row[4:] for row in found if row[0].startswith("dm2030.offshoring_export_revenue.")}
    assert dm2030.keys() >= {"dm2030.offshoring_export_revenue.2026", "dm2030.offshoring_export_revenue.2030"}
    assert set(dm2030.values()) == {("NOT_COMPARABLE", True)}


def test_the_latest_figure_is_one_and_a_part_of_a_year_does_not_replace_the_year(whole: Whole) -> None:
    """Exports: 26.2 bn in 2024, 13.4 in the first half of 2025; call centres: 9.797 in 2024, of which 2.183 in its last quarter."""
    assert (
        rows(
            whole,
            "select definition from marts.national_indicators group by definition, urbanisation, breakdown having count_if(is_latest) > 1",
        )
        == []
    )
    assert rows(
        whole,
        """
        select breakdown, period from marts.national_indicators
        where is_latest and definition in ('offshoring_export_revenue@oc_2025', 'company_creations@ompic')
            and breakdown in ('_T', 'SEGMENT=CRM')
        order by definition, breakdown
        """,
    ) == [("_T", "2024"), ("SEGMENT=CRM", "2024"), ("_T", "2024")]
    [(parts,)] = rows(
        whole,
        "select sum(value) / 1e9 from marts.national_indicators "
        "where is_latest and definition = 'offshoring_export_revenue@oc_2025' and breakdown like 'SEGMENT=%'",
    )
    assert parts == pytest.approx(26.2, abs=0.05)


def test_what_is_empty_says_why_and_a_link_has_no_other_links_reason(whole: Whole) -> None:
    for measure in ("location_quotient", "index_to_national"):
        assert rows(
            whole,
            f"""
            select count(*) from marts.regional_indicators
            where status = 'REPORTED' and ({measure} is null) <> (coalesce(undefined_because, '') like '%{measure}: %')
            """,
        ) == [(0,)]
    assert rows(whole, "select row_key from marts.strategy_target_chains where basis <> 'DECLARED' and reason is not null") == []


def test_an_increment_counts_from_the_level_that_says_it_otherwise(whole: Whole) -> None:
    """18,500 net jobs in 2023 and 2024, of 140,000 from the 130,000 of 2022 to the 270,000 of 2030: behind, as the level is."""
    assert rows(
        whole,
        """
        select actual_period, round(progress_share, 4), verdict from marts.strategy_progress
        where target_id in ('dm2030.offshoring_jobs_net_creation.2030', 'dm2030.offshoring_jobs.2030') and method_code = 'LINEAR'
        order by target_id
        """,
    ) == [("2024", None, "OFF_TRACK"), ("2023/2024", 0.1321, "OFF_TRACK")]


def test_communes_with_a_figure_at_both_censuses_are_counted_where_some_have_none(whole: Whole) -> None:
    assert rows(
        whole,
        """
        select units_in_both, units_expected, undefined_because from marts.regional_convergence
        where definition = 'hcp_rgph_households@rgph' and unit_level = 'commune' and urbanisation = '_T'
        """,
    ) == [(1534, 1538, "every measure: INCOMPLETE_COVERAGE")]


def test_where_neither_more_nor_less_is_better_no_part_is_ahead(whole: Whole) -> None:
    assert set(
        rows(
            whole,
            """
            select distinct coalesce(indicators.direction, 'NONE') in ('UP', 'DOWN') from marts.urban_rural_divide
            inner join reference.indicators using (indicator) where side_ahead is not null
            """,
        )
    ) == {(True,)}


def test_the_current_value_is_the_producers_and_the_rule_is_named(whole: Whole) -> None:
    """Exports of 2024: 26.2 (Office des Changes), 26.22 (ministry), "more than 26" (ministry)."""
    found = rows(
        whole,
        "select value, publisher, bound, statements, decided_by from marts.national_indicators "
        "where definition = 'offshoring_export_revenue@oc_2025' and period = '2024' and breakdown = '_T'",
    )

    assert [row[:4] for row in found] == [(26_200_000_000, "office-des-changes", "EQ", 3)]
    assert found[0][4] == "publisher_precedence"


# Bounds, ranks, missing values


def test_a_bound_stays_a_bound(whole: Whole) -> None:
    online = rows(
        whole,
        "select value, bound, value_lower, value_upper, change from marts.national_indicators "
        "where indicator = 'companies_created_online'",
    )

    assert (35000, "GE", 35000, None, None) in online
    loose = {
        bound: rows(whole, f"select count(*) from marts.national_indicators where bound = '{bound}' and {told}")[0][0]
        for bound, told in {
            "GE": "not (value_lower = value and value_upper is null)",
            "LE": "not (value_upper = value and value_lower is null)",
            "APPROX": "not (value_lower < value and value_upper > value)",
            "LT_APPROX": "not (value_lower < value and value_upper = value)",
        }.items()
    }
    assert loose == {"GE": 0, "LE": 0, "APPROX": 0, "LT_APPROX": 0}
    assert (
        rows(
            whole,
            "select 1 from marts.national_indicators where bound <> 'EQ' and (change is not null or change_share is not null)",
        )
        == []
    )
    assert (
        rows(
            whole,
            "select 1 from marts.regional_indicators where bound <> 'EQ' and (rank_value is not null or share_of_country is not null)",
        )
        == []
    )


def test_nothing_computed_from_a_bound_is_exact(whole: Whole) -> None:
    assert (
        rows(
            whole,
            "select target_id from marts.strategy_progress where (actual_bound <> 'EQ' or target_lower <> target_upper) "
            "and (progress_share is not null or observed_pace is not null or projected_value is not null)",
        )
        == []
    )


def test_a_rank_has_no_rate_of_growth(whole: Whole) -> None:
    assert rows(whole, "select count(*) from marts.national_indicators where unit_measure = 'RANK'") > [(10,)]
    assert rows(whole, "select 1 from marts.national_indicators where unit_measure = 'RANK' and change_share is not null") == []
    assert (
        rows(
            whole,
            "select 1 from marts.strategy_progress where statement_type = 'RANK' and (pace <> 'ORDINAL' or projected_value is not null "
            "or progress_share_high is not null or required_pace is not null or verdict in ('ON_TRACK', 'OFF_TRACK'))",
        )
        == []
    )


def test_missing_is_a_row_with_a_status_never_zero(whole: Whole) -> None:
    for mart in ("regional_indicators", "local_indicators", "national_indicators"):
        assert rows(whole, f"select 1 from marts.{mart} where (value is null) <> (status = 'NOT_REPORTED')") == []
    assert rows(whole, "select count(*) from marts.local_indicators where status = 'NOT_REPORTED'") > [(0,)]


# The census


@pytest.mark.parametrize(
    ("definition", "period", "urbanisation", "country"),
    [
        ("hcp_rgph_population_legal@rgph", "2014-09", "_T", 33848242),
        ("hcp_rgph_population_legal@rgph", "2024-09", "_T", 36828330),
        ("hcp_rgph_households@rgph", "2024-09", "_T", 9275038),
        ("hcp_rgph_households@rgph", "2024-09", "U", 6173930),
        ("hcp_rgph_households@rgph", "2024-09", "R", 3101108),
        ("hcp_rgph_households@rgph", "2014-09", "U", 4807743),
        ("hcp_rgph_households@rgph", "2014-09", "R", 2506063),
        ("hcp_establishments_total@rgph_2024", "2024", "_T", 1304564),
    ],
)
def test_leaves_add_up_to_regions_and_country(
    whole: Whole, definition: str, period: str, urbanisation: str, country: int
) -> None:
    """Communes without arrondissements, and arrondissements: each person once. Summed here, not read from the quality table."""
    leaves = rows(
        whole,
        """
        select local.region, sum(local.value)::bigint from marts.local_indicators as local
        inner join reference.areas as areas on areas.ref_area = local.ref_area and areas.in_commune_sums
        where definition = ? and period = ? and urbanisation = ? and breakdown = '_T' group by all order by all
        """,
        definition, period, urbanisation,
    )  # fmt: skip
    provinces = rows(
        whole,
        """
        select local.region, sum(local.value)::bigint from marts.local_indicators as local
        inner join reference.areas as areas on areas.ref_area = local.ref_area and areas.in_province_sums
        where definition = ? and period = ? and urbanisation = ? and breakdown = '_T' group by all order by all
        """,
        definition, period, urbanisation,
    )  # fmt: skip
    published = rows(
        whole,
        "select ref_area, value::bigint from marts.regional_indicators "
        "where definition = ? and period = ? and urbanisation = ? and breakdown = '_T' order by all",
        definition, period, urbanisation,
    )  # fmt: skip

    assert leaves == provinces == published
    assert len(published) == 12
    assert sum(value for _, value in published) == country
    assert rows(
        whole,
        "select value::bigint from marts.national_indicators "
        "where definition = ? and period = ? and urbanisation = ? and breakdown = '_T'",
        definition, period, urbanisation,
    ) == [(country,)]  # fmt: skip


def test_all_1503_communes_75_provinces_and_12_regions_are_there(whole: Whole) -> None:
    assert rows(
        whole,
        """
        select count(*) filter (where level = 'region'), count(*) filter (where in_province_sums),
            count(*) filter (where level = 'province'), count(*) filter (where level = 'commune')
        from reference.areas
        """,
    ) == [(12, 75, 83, 1503)]


def test_shares_of_households_add_up_by_households(whole: Whole) -> None:
    """Internet at home in 2014: 27.5 percent of urban and 3.6 of rural households; the plain mean would be 15.55."""
    [(urban, rural, total)] = rows(
        whole,
        """
        select max(value) filter (where urbanisation = 'U'), max(value) filter (where urbanisation = 'R'),
            max(value) filter (where urbanisation = '_T')
        from marts.national_indicators where definition = 'hcp_rgph_households_internet@rgph_2014' and breakdown = '_T'
        """,
    )
    weighted = (urban * 4807743 + rural * 2506063) / 7313806
    assert abs(weighted - total) < Decimal("0.05")
    assert abs((urban + rural) / 2 - total) > 3

    checked = rows(
        whole,
        """
        select status, abs(difference) <= tolerance, parts_expected, parts_found, computed_value from quality.reconciliations
        where definition = 'hcp_rgph_households_internet@rgph_2014' and kind = 'REGIONS_TO_COUNTRY' and urbanisation = '_T'
        """,
    )
    regional = rows(
        whole,
        """
        select share.value, households.value from marts.regional_indicators as share
        inner join marts.regional_indicators as households
            on households.ref_area = share.ref_area and households.definition = 'hcp_rgph_households@rgph'
            and households.period = share.period and households.urbanisation = share.urbanisation
        where share.definition = 'hcp_rgph_households_internet@rgph_2014' and share.urbanisation = '_T' and share.breakdown = '_T'
        """,
    )
    by_hand = sum(share * households for share, households in regional) / sum(households for _, households in regional)
    plain = sum(share for share, _ in regional) / 12
    assert [row[:4] for row in checked] == [("OK", True, 12, 12)]
    assert round(checked[0][4], 6) == round(by_hand, 6) == Decimal("19.257902")
    assert abs(plain - total) > Decimal("0.5")


def test_household_shares_of_all_equipment_reconcile(whole: Whole) -> None:
    found = rows(
        whole,
        """
        select definition, kind, count(*) filter (where status = 'OK'), count(*) from quality.reconciliations
        where definition like 'hcp_rgph_households\\_%@rgph_2014' escape '\\' and urbanisation = '_T'
            and kind in ('REGIONS_TO_COUNTRY', 'PROVINCES_TO_REGION', 'PROVINCES_TO_COUNTRY')
        group by all
        """,
    )

    assert len({definition for definition, *_ in found}) == 6
    assert [row for row in found if row[2] != row[3]] == []


def test_the_ten_communes_without_figures_in_2014_are_listed(whole: Whole) -> None:
    listed = rows(
        whole,
        """
        select ref_area, status, explanation from quality.reconciliations
        where kind = 'COMMUNE_WITHOUT_FIGURES' and dataset = 'connectivity/hcp_rgph_2014_equipment'
        """,
    )

    assert {ref_area for ref_area, *_ in listed} == WITHOUT_FIGURES_IN_2014
    assert {status for _, status, _ in listed} == {"INCOMPLETE"}
    assert all(explanation.startswith("no figure of this commune in the data set (status") for *_, explanation in listed)
    filled = rows(
        whole,
        "select ref_area, status, value, obs_status from marts.local_indicators where ref_area in (select unnest(?)) "
        "and definition = 'hcp_rgph_households_internet@rgph_2014'",
        sorted(WITHOUT_FIGURES_IN_2014),
    )
    assert {row[1:3] for row in filled} == {("NOT_REPORTED", None)}
    assert {row[0]: row[3] for row in filled}["06.141.01.0"] == "K"


def test_egdi_is_the_mean_of_its_components(whole: Whole) -> None:
    found = rows(
        whole,
        """
        select period, max(value) filter (where definition = 'egdi_score@un_egov'), avg(value) filter (where definition like 'UN.%'),
            count(*) filter (where definition like 'UN.%')
        from marts.national_indicators
        where definition in ('egdi_score@un_egov', 'UN.OSI@un_egov', 'UN.TII@un_egov', 'UN.HCI@un_egov')
        group by period order by period
        """,
    )
    whole_years = [row for row in found if row[3] == 3 and row[0] >= "2012"]

    assert [row[0] for row in whole_years] == ["2012", "2014", "2016", "2018", "2022", "2024"]
    assert all(abs(float(index) - mean) < 0.0001 for _, index, mean, _ in whole_years)
    checked = rows(
        whole, "select period, status from quality.reconciliations where kind = 'EGDI_IS_MEAN_OF_COMPONENTS' order by period"
    )
    assert checked == [(row[0], "OK") for row in whole_years]


def test_ranks_of_the_index_on_both_censuses(whole: Whole) -> None:
    """108 variants: 54 with creations per 1,000 people of 2014, 54 of 2024; Casablanca-Settat is first in some of the latter alone."""
    found = rows(
        whole, "select ref_area, arithmetic_rank, best_rank, worst_rank, variants from marts.regional_digital_index order by 2"
    )
    # Places from below under Borda: internet, computer, mobile phone; literacy, higher education; creations on the other census.
    places = {
        "06": ((11 + 11 + 8) / 3, (9 + 11) / 2, 9),  # 25,995 / 7,688,967: 3.38, above the 3.35 of Tanger, not so on 2014
        "11": ((9 + 9 + 10) / 3, (10 + 9) / 2, 10),
        "12": ((8 + 7 + 11) / 3, (11 + 4) / 2, 11),
    }
    borda = rows(
        whole,
        """
        select ref_area, round(score, 9), area_rank from intermediate.int_index_variants
        where census = 'OTHER_CENSUS' and normalisation = 'BORDA' and weight_set = 'NOMINAL' and area_rank <= 3 order by area_rank
        """,
    )
    first = rows(
        whole,
        """
        select census, normalisation, count(*) from intermediate.int_index_variants
        where ref_area = '06' and area_rank = 1 group by all
        """,
    )

    assert found == [
        ("12", 1, 1, 3, 108), ("11", 2, 1, 2, 108), ("06", 3, 1, 3, 108), ("04", 4, 4, 5, 108),
        ("01", 5, 4, 8, 108), ("09", 6, 5, 8, 108), ("10", 7, 5, 8, 108), ("02", 8, 6, 8, 108),
        ("03", 9, 9, 10, 108), ("07", 10, 9, 11, 108), ("08", 11, 10, 11, 108), ("05", 12, 12, 12, 108),
    ]  # fmt: skip
    # 9.667, 9.611 and 9.056.
    assert borda == [(area, round(sum(places[area]) / 3, 9), rank) for rank, area in enumerate(("06", "11", "12"), start=1)]
    # In six of nine sets of weights: in the three with creations up and another pillar down, Laâyoune, which has 10 there and not
    # 9, stays ahead.
    assert first == [("OTHER_CENSUS", "BORDA", 6)]


def test_differences_that_are_known_and_no_others(whole: Whole) -> None:
    """Counts either add up, or differ by the rounding of estimates, or stand in this list."""
    unexplained = rows(
        whole,
        """
        select kind, ref_area, period, published_value::bigint, computed_value::bigint from quality.reconciliations
        where status = 'DIFFERENCE' and unit_measure <> 'PERCENT' and explanation not like 'differs by at most half a unit%'
        order by all
        """,
    )

    assert unexplained == [
        ("BREAKDOWN_TO_TOTAL: LEGAL_FORM", "MA", "2022", 93550, 93272),
        ("BREAKDOWN_TO_TOTAL: LEGAL_FORM", "MA", "2022-01/2022-06", 48733, 48002),
        ("CITIES_WITHIN_REGION", "06", "2022-Q1", 7163, 7253),
        ("REGIONS_TO_COUNTRY", "MA", "../2023-03", 210176, 210158),
        ("REGIONS_TO_COUNTRY", "MA", "2022", 93550, 93272),
    ]


def test_figures_that_their_own_document_doubts_are_shown_and_not_compared(whole: Whole) -> None:
    """OMPIC's dashboard to March 2023 cannot be a quarter: its regions have no rank, no share, no Gini."""
    where = "where indicator = 'ompic_anomalous_to_2023_03'"
    regions = rows(
        whole,
        f"""
        select count(*), count(value), count(rank_value), count(share_of_country), bool_and(undefined_because like
            '%rank: figures of low reliability (status U) are not compared%') from marts.regional_indicators {where}
        """,
    )
    measures = rows(whole, f"select count(*) > 0, count(measure_value) from marts.regional_disparity {where}")

    assert (regions, measures) == ([(12, 12, 0, 0, True)], [(True, 0)])


def test_nothing_is_unequal_within_a_group_of_one(whole: Whole) -> None:
    """Regions grouped by region: exactly nothing, where logarithms had left some 1e-16 below zero."""
    found = rows(
        whole,
        """
        select min(measure_value), max(measure_value) from marts.regional_disparity
        where unit_level = 'region' and area_grouping = 'REGION' and measure_code in ('THEIL_T_WITHIN', 'THEIL_L_WITHIN')
        """,
    )

    assert found == [(0, 0)]
    assert rows(whole, "select count(*) from marts.regional_disparity where measure_value < 0") == [(0,)]


def test_forms_of_companies_printed_before_their_total_was_revised(whole: Whole) -> None:
    """The first half of 2022 was 48,002, a year later 48,733; its two forms were not printed again."""
    found = rows(
        whole,
        """
        select breakdown, value::int, is_revised, mixes_vintages from marts.regional_company_creation
        where ref_area = 'MA' and period = '2022-01/2022-06' and method = 'AS_PRINTED' and is_current order by breakdown
        """,
    )

    assert found == [
        ("LEGAL_FORM=LEGAL_PERSON", 33530, False, True),
        ("LEGAL_FORM=NATURAL_PERSON", 14472, False, True),
        ("_T", 48733, True, False),
    ]
