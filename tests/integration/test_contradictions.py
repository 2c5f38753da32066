"""Every discrepancy that was found when the figures were collected is a row that an analyst meets, with the right kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.conftest import Whole

# What disagrees, where it stands, how it is found there, and what must be said of it.
DISCREPANCIES = {
    "offshoring exports of 2023 under two methods": (
        "select kind, round(other_value / 1e9, 1), round(current_value / 1e9, 2) from quality.contradictions "
        "where indicator = 'offshoring_export_revenue' and period = '2023'",
        [("DEFINITION", 17.9, 26.17)],
    ),
    "offshoring exports of 2024 with one digit and with two": (
        "select kind, decided_by, round(other_value / 1e9, 2), round(current_value / 1e9, 2) from quality.contradictions "
        "where indicator = 'offshoring_export_revenue' and period = '2024'",
        [("ROUNDING", "publisher_precedence", 26.22, 26.2)],
    ),
    "internet subscriptions of 2024 with one digit and with two": (
        "select kind, decided_by, other_value / 1e6, current_value / 1e6 from quality.contradictions "
        "where indicator = 'internet_subscriptions' and period = '2024'",
        [("ROUNDING", "more_precise", 40.2, 40.22)],
    ),
    "company creations of 2022, and of its first half, revised": (
        "select period, first_value, last_value, direction, vintages from quality.revisions where indicator = 'company_creations' "
        "order by period",
        [("2022", 93272, 93550, "UP", 3), ("2022-01/2022-06", 48000, 48733, "UP", 2)],
    ),
    "the regions of 2022 add up to the first print": (
        "select status, published_value, computed_value, is_unexplained from quality.reconciliations "
        "where kind = 'REGIONS_TO_COUNTRY' and indicator = 'company_creations' and period = '2022' and breakdown = '_T'",
        [("DIFFERENCE", 93550, 93272, False)],
    ),
    "the towns of Casablanca-Settat exceed their region": (
        "select kind, other_comment, current_value, other_value from quality.contradictions "
        "where basis = 'PARTS' and indicator = 'company_creations'",
        [("ARITHMETIC", "CITIES_WITHIN_REGION: the cities listed exceed their region", 7163, 7253)],
    ),
    "the anomalous figures to March 2023 do not add up": (
        "select kind, current_value, other_value from quality.contradictions where indicator = 'ompic_anomalous_to_2023_03'",
        [("ARITHMETIC", 210176, 210158)],
    ),
    "jobs of Maroc Numeric 2013: 26,000 and 25,000": (
        "select value, conflict_kinds from marts.strategy_targets where indicator = 'digital_jobs_new' and strategy = 'MN2013' "
        "order by value",
        [(25000, "VALUE"), (26000, "VALUE")],
    ),
    "a misprint of 2.7 for 27": (
        "select value_as_printed, value / 1e9, correction, is_in_conflict from marts.strategy_targets "
        "where indicator = 'digital_gdp_additional' order by all",
        [("2.7", 27, "financesnews-2009-gdp", False), ("27", 27, None, False), ("27", 27, None, False)],
    ),
    "IT professionals of Maroc Digital 2020: ten times as many, or twice as many trained": (
        "select unit_measure, value, conflict_kinds from marts.strategy_targets where indicator = 'it_professionals' order by all",
        [("PERSONS", 30000, "VALUE; DEFINITION"), ("PERSONS_PER_YEAR", 30000, "VALUE; DEFINITION")],
    ),
}


@pytest.mark.parametrize("what", DISCREPANCIES)
def test_a_discrepancy_is_a_row(whole: Whole, what: str) -> None:
    query, rows = DISCREPANCIES[what]

    assert whole.connection.execute(query).fetchall() == rows


def test_what_a_bound_allows_is_no_contradiction(whole: Whole) -> None:
    """About 18 beside 17.9 billion of 2023."""
    found: list[tuple[Any, ...]] = whole.connection.execute(
        "select bound, value / 1e9 from staging.stg_observations where definition = 'offshoring_export_revenue@oc_old' "
        "and period = '2023' and breakdown = '_T' order by all"
    ).fetchall()

    assert found == [("APPROX", 18.0), ("EQ", 17.9)]


def test_nothing_else_contradicts_but_what_parts_do_not_give(whole: Whole) -> None:
    """52 figures of the census (shares whose parts give another one) and of OMPIC; nothing stands unexplained."""
    counts = whole.connection.execute(
        "select basis, kind, count(*) from quality.contradictions group by all order by all"
    ).fetchall()

    assert counts == [("CELL", "ROUNDING", 2), ("DEFINITION", "DEFINITION", 1), ("PARTS", "ARITHMETIC", 52)]
    assert whole.connection.execute(
        "select count(*) from quality.contradictions where basis = 'PARTS' and row_key not in "
        "(select row_key from quality.reconciliations where status = 'DIFFERENCE')"
    ).fetchall() == [(0,)]
