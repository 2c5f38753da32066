"""Every figure that was collected is in the warehouse, with its value, or a person wrote down why not.

``carried_figures.csv``: file and row of the collected figure, what it became, the id of that record, value and unit as
collected, and the reason of a figure that was not carried.
"""

from __future__ import annotations

import csv
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.house import FIXTURES, Real

ROWS = {
    "press_statements.csv": 35,
    "national_series.csv": 621,
    "regional.csv": 825,
    "strategy_targets.csv": 75,
    "strategy_events.csv": 20,
    "actuals.csv": 111,
}
# Collected units that say a multiplier, as a power of ten; every other unit counts ones.
POWERS = {"million": 6, "million households": 6, "MAD mn": 6, "MAD bn": 9}
# The unit of the record for each collected unit. Where one word covers several, each is listed.
UNITS = {
    "MAD bn": {"MAD"}, "MAD mn": {"MAD"}, "MAD per USD": {"MAD_PER_USD"}, "USD": {"USD"}, "actions": {"ACTIONS"},
    "axes": {"AXES"}, "categories": {"CATEGORIES"}, "certificates": {"CERTIFICATES"}, "cities": {"CITIES"},
    "companies": {"COMPANIES"}, "companies per year": {"COMPANIES_PER_YEAR"}, "complaints": {"COMPLAINTS"},
    "computers": {"COMPUTERS"}, "days": {"DAYS"}, "domains": {"DOMAINS"}, "establishments": {"ESTABLISHMENTS"},
    "ha": {"HECTARES"}, "households": {"HOUSEHOLDS"}, "index 0-1": {"INDEX_0_1"}, "institutes": {"INSTITUTES"},
    "jobs": {"JOBS"}, "localities": {"LOCALITIES"}, "m2": {"SQUARE_METRES"}, "million": {"PERSONS", "SUBSCRIPTIONS"},
    "million households": {"HOUSEHOLDS"}, "months": {"MONTHS"}, "multiple of 2022": {"MULTIPLE_OF_BASE"},
    "people": {"PERSONS"}, "people per year": {"PERSONS_PER_YEAR"}, "per 100 people": {"PER_100_PERSONS"},
    "per 1000 people 15-64": {"PER_1000_PERSONS"}, "per million people": {"PER_MILLION_PERSONS"},
    "percent": {"PERCENT", "PERCENT_OF_BASE", "PERCENT_OF_GNI_PER_CAPITA"}, "percent of GDP": {"PERCENT_OF_GDP"},
    "percent of households": {"PERCENT"}, "percent of population": {"PERCENT"}, "percent per year": {"PERCENT_PER_YEAR"},
    "phase": {"PHASE"}, "priorities": {"PRIORITIES"}, "procedures": {"PROCEDURES"}, "projects": {"PROJECTS"}, "rank": {"RANK"},
    "score 0-10": {"SCORE_0_10"}, "score 0-100": {"SCORE_0_100"}, "sectors": {"SECTORS"}, "services": {"SERVICES"},
    "sites": {"SITES"}, "startups": {"STARTUPS"}, "students": {"PERSONS"}, "subscriptions": {"SUBSCRIPTIONS"},
    "websites": {"WEBSITES"}, "years": {"YEARS"},
}  # fmt: skip


def carried() -> list[dict[str, str]]:
    with (FIXTURES / "carried_figures.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def figures(real: Real) -> dict[tuple[str, str], dict[str, Any]]:
    """What a figure can have become, by kind and id: value, range, unit and multiplier as recorded."""
    records = real.connection.execute(
        """
        select 'observation', observation_id, obs_value, obs_lower, obs_upper, unit_measure, unit_mult, publisher = 'hcp' and
            document like 'hcp-file-%' from raw.observations
        union all
        select 'target', target_id, target_value, target_lower, target_upper, unit_measure, unit_mult, false from raw.targets
        """
    ).fetchall()
    names = ("value", "lower", "upper", "unit", "power", "census")
    return {(kind, key): dict(zip(names, said, strict=True)) for kind, key, *said in records}


def test_every_collected_figure_is_listed_once() -> None:
    rows = carried()

    assert Counter(row["file"] for row in rows) == ROWS
    assert {(row["file"], int(row["row"])) for row in rows} == {
        (file, row) for file, count in ROWS.items() for row in range(1, count + 1)
    }


def test_a_figure_is_carried_or_a_reason_is_given() -> None:
    for row in carried():
        if row["carried_as"] == "not_carried":
            assert row["reason"], row
            assert not row["id"], row
        else:
            assert row["carried_as"] in ("observation", "target", "event", "census"), row
            assert row["id"], row


def test_every_value_is_the_one_collected(figures: dict[tuple[str, str], dict[str, Any]]) -> None:
    wrong = []
    for row in carried():
        if row["carried_as"] not in ("observation", "target", "census"):
            continue
        kind = "observation" if row["carried_as"] == "census" else row["carried_as"]
        record = figures.get((kind, row["id"]))
        if record is None:
            wrong.append((row, "no such record"))
            continue
        # "5-10" and "1-2" were printed as ranges; everything else is one number.
        printed = row["value"].split("-") if "-" in row["value"].lstrip("-") else [row["value"]]
        said = [record["value"]] if record["value"] is not None else [record["lower"], record["upper"]]
        collected = [Decimal(number).scaleb(POWERS.get(row["unit"], 0)) for number in printed]
        if collected != [Decimal(number).scaleb(record["power"]) for number in said]:
            wrong.append((row, record))
        elif record["unit"] not in UNITS[row["unit"]]:
            wrong.append((row, record["unit"]))
        elif record["census"] != (row["carried_as"] == "census"):
            wrong.append((row, "census or not"))

    assert wrong == []


def test_every_event_stands_at_the_date_collected(real: Real) -> None:
    said = real.connection.execute("select event_id, event_type, time_period, ref_area from raw.events").fetchall()
    events = {key: cells for key, *cells in said}
    rows = [row for row in carried() if row["carried_as"] == "event"]

    assert len(rows) >= 30
    for row in rows:
        event_type, time_period, ref_area = events[row["id"]]
        if row["unit"] == "city":
            # "1 city": one of the three pilot cities, each an event of its own.
            assert (event_type, row["value"]) == ("pilot_city", "1")
            assert ref_area.startswith("P:")
        else:
            assert row["unit"] in ("date", "month", "year", "period")
            assert time_period == row["value"], row


def test_all_the_real_data_is_accepted(real: Real) -> None:
    assert {name: loaded.refused for name, loaded in real.loaded.items() if loaded.refused} == {}
    assert real.connection.execute("select count(*) from raw.refused_rows").fetchone() == (0,)
    assert real.connection.execute(
        "select count(*) from raw.releases where status <> 'ACCEPTED' or row_count = 0"
    ).fetchone() == (0,)


def test_three_figures_a_person_can_look_up(real: Real) -> None:
    """The two exports of 2023 under two definitions, and the company creations of a region."""
    said = real.connection.execute(
        """
        select definition, ref_area, obs_value, unit_mult from raw.observations
        where breakdown = '_T' and (
            (indicator = 'offshoring_export_revenue' and time_period = '2023' and ref_area = 'MA')
            or (definition = 'company_creations@ompic' and time_period = '2022-01/2022-03' and ref_area = '06')
        )
        """
    ).fetchall()

    assert {("offshoring_export_revenue@oc_old", "MA", "17.9", 9), ("company_creations@ompic", "06", "7163", 0)} <= set(said)
    assert ("offshoring_export_revenue@oc_2025", "MA") in {row[:2] for row in said}
