"""One file per way in which a release can be wrong: each is refused by name, and costs nobody else anything.

The files are real statements with one thing broken; ``good.csv`` beside them is the same without the fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipelines.reference import Reference
from pipelines.sources import ReleaseUnreadable, figures
from pipelines.statements import any_problem
from pipelines.warehouse.loading import Loaded
from pipelines.warehouse.tables import TABLE_OF_KIND
from tests.house import DATA, FIXTURES, build

HOME = {"observation": "offshoring/exports", "target": "strategy/strategy_targets", "event": "strategy/strategy_events"}


@dataclass(frozen=True)
class Refusal:
    """Where the fault is, which rule it breaks, and what the message must say besides."""

    rule: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    says: tuple[str, ...] = field(default=())


def code(row: int, column: str, value: str, code_list: str, *near: str) -> Refusal:
    shown = value.split(";")[1] if ";" in value else value
    return Refusal(f"{column} is in {code_list}", row, column, value, (repr(shown), code_list, *near))


def number(row: int, column: str, value: str) -> Refusal:
    return Refusal(f"{column} in plain digits", row, column, value, ("plain digits",))


def period(row: int, column: str, value: str) -> Refusal:
    return Refusal(f"{column} is a period of the grammar and goes with how the figure was printed", row, column, value, (value,))


def breakdown(value: str, *says: str) -> Refusal:
    return Refusal("a breakdown of known codes", 5, "breakdown", value, says)


CLEAN = "{} without blanks around it or control characters"
LIMITS = "the value is within the indicator's limits"
DIGITS = "at most 26 digits before the point"
RANGE = "a range has two ends in order and no single value"
STATUS = "no value without a status that says why, no such status beside a value"
OWN_DEFINITION = "the definition belongs to the indicator"
OWN_UNIT = "the unit is the definition's"
FREQ_CLASS = "flow goes with the definition's freq_class"
WORDS = "a quote of 15 words at most"

REFUSED = {
    # The file is not the format's.
    "observation/empty": Refusal("a header row", says=("empty",)),
    "observation/header_only": Refusal("at least one statement"),
    "observation/bad_header": Refusal("exact header", says=("missing obs_value", "unknown 'valeur'")),
    "observation/missing_column": Refusal("exact header", says=("missing locator",)),
    "observation/doubled_column": Refusal("exact header", says=("doubled comment",)),
    "observation/columns_in_another_order": Refusal("exact header", says=("another order",)),
    "observation/semicolons": Refusal("exact header", says=("missing indicator",)),
    "observation/byte_order_mark": Refusal("no byte-order mark", says=("byte-order mark",)),
    "observation/windows_1252": Refusal("UTF-8", row=4, says=("not UTF-8",)),
    "observation/ragged_row": Refusal("one field per column", row=3, says=("20 fields", "21")),
    "observation/blank_line": Refusal("one field per column", row=3, says=("0 fields",)),
    "observation/unclosed_quotation_mark": Refusal("CSV", row=4),
    "target/columns_of_an_observation": Refusal("exact header", says=("missing target_id",)),
    # A code nobody knows: the message helps with the nearest ones.
    "observation/unknown_indicator": code(
        1, "indicator", "offshoring_exports_revenue", "indicators", "nearest known: offshoring_export_revenue"
    ),
    "observation/unknown_definition": code(
        1, "definition", "offshoring_export_revenue@oc_2026", "definitions", "offshoring_export_revenue@oc_2025"
    ),
    "observation/unknown_area": code(3, "ref_area", "13", "areas"),
    "observation/bare_iso_area": code(3, "ref_area", "MA-08", "areas"),
    "observation/area_without_its_zero": code(3, "ref_area", "1", "areas", "nearest known"),
    "observation/unknown_unit": code(3, "unit_measure", "COMPANY", "units", "COMPANIES"),
    "observation/unknown_multiplier": code(1, "unit_mult", "10", "UNIT_MULT"),
    "observation/unknown_flow": code(3, "flow", "YTD", "FLOW", "CUM_YTD"),
    "observation/unknown_frequency": code(3, "freq", "monthly", "FREQ"),
    "observation/unknown_bound": code(2, "bound", ">=", "BOUND"),
    "observation/unknown_status": code(4, "obs_status", "Z", "OBS_STATUS"),
    "observation/unknown_confidentiality": code(4, "conf_status", "P", "CONF_STATUS"),
    "observation/unknown_urbanisation": code(4, "urbanisation", "urban", "URBANISATION"),
    "observation/unknown_publisher": code(5, "publisher", "office_des_changes", "publishers", "office-des-changes"),
    "observation/unknown_document": code(5, "document", "le360-oc-2025", "documents", "le360-oc-2024"),
    "target/unknown_strategy": code(1, "strategy", "MN2014", "strategies", "MN2013"),
    "target/unknown_statement_type": code(1, "statement_type", "ABSOLUTE", "STATEMENT_TYPE"),
    "target/unknown_direction": code(1, "direction", "up", "DIRECTION"),
    "target/unknown_target_status": code(1, "target_status", "planned", "TARGET_STATUS"),
    "target/baseline_of_unknown_bound": code(1, "baseline_bound", "~", "BOUND"),
    "event/unknown_event_type": code(1, "event_type", "launch", "EVENT_TYPE", "service_launch"),
    "event/unknown_strategy": code(1, "strategy", "MAROC NUMERIC", "strategies"),
    "event/unknown_document": code(1, "document", "oujdacity", "documents", "oujdacity-mn2013"),
    "event/unknown_area_among_several": code(2, "ref_area", "P:marrakech;P:fez;P:agadir", "areas", "P:fes"),
    # Text that is not clean, or not there.
    "observation/blank_after_code": Refusal(CLEAN.format("ref_area"), 3, "ref_area", "01 "),
    "observation/no_break_blank_before_code": Refusal(CLEAN.format("unit_measure"), 4, "unit_measure", "\u00a0PERCENT"),
    "observation/control_character": Refusal(CLEAN.format("comment"), 4, "comment", "Base\x00not noted."),
    "observation/left_to_a_default": Refusal("urbanisation is never empty", 4, "urbanisation", says=("nothing is guessed",)),
    "target/target_id_missing": Refusal("target_id is never empty", 1, "target_id"),
    "event/title_missing_in_arabic": Refusal("title_ar is never empty", 1, "title_ar"),
    # Numbers that are not the printed digits.
    "observation/number_with_blank": number(2, "obs_value", "18 500"),
    "observation/number_with_narrow_blank": number(2, "obs_value", "18\u202f500"),
    "observation/number_with_comma": number(1, "obs_value", "17,9"),
    "observation/number_with_unit": number(4, "obs_value", "54.7%"),
    "observation/number_with_plus": number(4, "obs_value", "+54.7"),
    "observation/number_with_exponent": number(1, "obs_value", "1.79e1"),
    "observation/number_infinite": number(1, "obs_value", "inf"),
    "observation/number_not_a_number": number(1, "obs_value", "NaN"),
    "observation/number_unfinished": number(1, "obs_value", "17."),
    "observation/number_in_arabic_digits": number(3, "obs_value", "٣٣٨٨"),
    "observation/formula": number(3, "obs_value", "=SUM(A1:A12)"),
    "target/baseline_with_comma": number(1, "baseline_value", "32,0"),
    "observation/too_many_digits": Refusal(DIGITS, 3, "obs_value", "123456789012345678901234567"),
    "observation/too_many_digits_with_multiplier": Refusal(DIGITS, 1, "obs_value", "123456789012345678"),
    "observation/share_above_100": Refusal(LIMITS, 4, "obs_value", "100.1"),
    "observation/share_below_0": Refusal(LIMITS, 4, "obs_value", "-0.1"),
    "observation/upper_end_above_100": Refusal(LIMITS, 4, "obs_value"),
    "target/share_above_100": Refusal(LIMITS, 3, "target_value", "120"),
    # Periods outside the grammar, or against how the figure was printed.
    "observation/month_13": period(3, "time_period", "2022-13"),
    "observation/day_of_no_calendar": period(4, "time_period", "2015-02-29"),
    "observation/period_in_words": period(3, "time_period", "mars 2022"),
    "observation/period_in_arabic_digits": period(4, "time_period", "20١٥"),
    "observation/period_backwards": period(2, "time_period", "2025/2022"),
    "observation/cumulated_not_from_january": period(3, "time_period", "2022-02/2022-03"),
    "observation/cumulated_over_two_years": period(3, "time_period", "2021-01/2022-03"),
    "observation/stock_over_a_range": period(4, "time_period", "2015-01/2015-06"),
    "observation/unknown_start_of_a_flow": period(1, "time_period", "../2023"),
    "target/due_period_unknown": period(1, "due_period", "2O13"),
    "target/baseline_period_in_words": Refusal("baseline_period is a period of the grammar", 1, "baseline_period", "fin 2008"),
    "event/period_unknown": period(3, "time_period", "2018-2022"),
    "event/event_undated": Refusal("an event has a date", 3, "time_period", "undated"),
    # Cells that contradict one another.
    "observation/definition_of_another_indicator": Refusal(OWN_DEFINITION, 1, "definition", "company_creations@ompic"),
    "target/definition_of_another_indicator": Refusal(OWN_DEFINITION, 1, "definition", "offshoring_jobs@mtnra"),
    "observation/unit_not_the_definitions": Refusal(OWN_UNIT, 1, "unit_measure", "USD"),
    "target/unit_not_the_definitions": Refusal(OWN_UNIT, 1, "unit_measure", "PERSONS"),
    "observation/flow_of_a_stock": Refusal(FREQ_CLASS, 4, "flow", "FLOW"),
    "observation/stock_of_a_flow": Refusal(FREQ_CLASS, 1, "flow", "STOCK"),
    "observation/value_missing_without_status": Refusal(STATUS, 3, "obs_status", "A"),
    "observation/status_of_missing_beside_a_value": Refusal(STATUS, 3, "obs_status", "O"),
    "observation/range_with_one_end": Refusal(RANGE, 3, "obs_lower", "3388"),
    "observation/range_with_its_ends_swapped": Refusal(RANGE, 3, "obs_lower", "3388"),
    "observation/range_beside_a_value": Refusal(RANGE, 3, "obs_lower", "3387"),
    "target/range_with_one_end": Refusal(RANGE, 2, "target_lower", "5"),
    "target/range_with_its_ends_swapped": Refusal(RANGE, 2, "target_lower", "10"),
    "target/target_without_value": Refusal(
        "a target has a value or a range", 1, "target_id", "mn2013.digital_jobs_total.2013", ("target_value",)
    ),
    "observation/breakdown_unsorted": breakdown("SEX=F;SEGMENT=ITO", "sorted"),
    "observation/breakdown_dimension_twice": breakdown("SEGMENT=BPO;SEGMENT=ITO", "once"),
    "observation/breakdown_unknown_dimension": breakdown("BRANCH=ITO", "BRANCH", "SEGMENT"),
    "observation/breakdown_unknown_code": breakdown("SEGMENT=ITC", "ITC", "ITO"),
    "observation/breakdown_without_dimension": breakdown("ITO", "ITO"),
    # Quotes that do not say what the figure says.
    "observation/quote_states_another_value": Refusal("quote equals value", 2, "obs_value", "18501", ("18500 (GE)",)),
    "observation/quote_states_another_multiplier": Refusal("quote equals value", 2, "obs_value", "18500", ("18500 (GE)",)),
    "observation/quote_states_another_bound": Refusal("quote equals bound", 2, "bound", "EQ", ("18500 (GE)",)),
    "observation/quote_without_a_number": Refusal("quote equals value", 2, "obs_value", "18500", ("no number",)),
    "observation/quote_of_16_words": Refusal(
        WORDS, 2, "quote", "le secteur a aussi pu créer dans tout le Royaume plus de 18.500 emplois depuis 2022"
    ),
    "target/quote_states_another_value": Refusal("quote equals value", 1, "target_value", "58000", ("58500",)),
    "target/quote_states_another_bound": Refusal("quote equals bound", 1, "bound", "EQ", ("58000 (GE)",)),
    "event/quote_of_16_words": Refusal(
        WORDS, 3, "quote", "le schéma directeur a été adopté et sa mise en œuvre se déroulera entre 2018 et 2022"
    ),
    # The same thing said twice.
    "observation/statement_twice": Refusal("no statement twice", 6, "indicator", "company_creations", ("row 3",)),
    "target/target_id_twice": Refusal("no statement twice", 4, "target_id", "mn2013.digital_jobs_total.2013", ("row 1",)),
    "event/event_id_twice": Refusal("no statement twice", 4, "event_id", "mn2013.launch.2009-10-10", ("row 1",)),
}


# Faults of the house, each with what it does today. Such a file is loaded by itself, for it can take the others with it.
@dataclass(frozen=True)
class Outcome:
    """What the load of one data set said, and what stands in the warehouse after it."""

    loaded: Loaded
    refused_rows: list[tuple[Any, ...]]
    releases: dict[str, list[Any]]
    records: dict[str, int]


def release_of(mode: str) -> str:
    return f"undated__{mode.partition('/')[2].replace('_', '-')}.csv"


def load_beside_good(root: Path, kind: str, modes: list[str]) -> Outcome:
    """One data set with the good file and these bad ones."""
    house = build(root)
    data_set = house.bring(HOME[kind], releases=False)
    for mode in [f"{kind}/good", *modes]:
        house.write(data_set, release_of(mode), (FIXTURES / "releases" / f"{mode}.csv").read_bytes())
    loaded = house.load(data_set)[data_set.name]
    return Outcome(
        loaded=loaded,
        refused_rows=house.rows("select release, dataset, row_number, column_name, value, rule, message from raw.refused_rows"),
        releases={name: said for name, *said in house.rows("select release, status, row_count from raw.releases")},
        records=dict(house.rows(f"select release, count(*) from raw.{TABLE_OF_KIND[kind]} group by all")),
    )


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """Per kind: a data set in which everything is broken but one release."""
    return {
        kind: load_beside_good(tmp_path_factory.mktemp(kind), kind, [mode for mode in REFUSED if mode.startswith(kind)])
        for kind in HOME
    }


@pytest.mark.parametrize("mode", REFUSED)
def test_a_bad_release_is_refused_by_name(mode: str, outcomes: dict[str, Outcome]) -> None:
    kind, expected, release = mode.partition("/")[0], REFUSED[mode], release_of(mode)
    outcome = outcomes[kind]

    # It is refused for that reason in that place, and for nothing else.
    found = outcome.loaded.refused[release]
    assert {(each.row, each.column, each.value) for each in found} == {(expected.row, expected.column, expected.value)}
    assert expected.rule in {each.rule for each in found}

    # A person is told file, row, column and value, and what to do.
    sentence = "\n".join(each.sentence(release) for each in found)
    assert sentence.startswith(f"{release}: ")
    for part in (
        *([f"row {expected.row}"] if expected.row else []),
        *([f"column {expected.column}"] if expected.column else []),
        *([repr(expected.value)] if expected.value else []),
        *expected.says,
    ):
        assert part in sentence

    # The warehouse keeps the reason, and nothing of the file.
    assert [row for row in outcome.refused_rows if row[0] == release] == [
        (release, HOME[kind], each.row, each.column, each.value, each.rule, each.message) for each in found
    ]
    assert outcome.releases[release] == ["REFUSED", 0]
    assert release not in outcome.records


@pytest.mark.parametrize("kind", HOME)
def test_the_other_releases_of_the_data_set_are_loaded(kind: str, outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[kind]
    good = release_of(f"{kind}/good")
    statements = len((FIXTURES / "releases" / kind / "good.csv").read_text(encoding="utf-8").splitlines()) - 1

    assert outcome.loaded.added == [good]
    assert outcome.records == {good: statements}
    assert outcome.releases[good] == ["ACCEPTED", statements]


def test_one_bad_release_is_noticed_among_good_ones() -> None:
    """Several releases are judged together first; none of the rules may be forgotten there."""
    reference = Reference(DATA / "seeds")
    unnoticed = []
    for mode in sorted(REFUSED):
        kind = mode.partition("/")[0]
        try:
            bad = figures.read(FIXTURES / "releases" / f"{mode}.csv", kind, {})
        except ReleaseUnreadable:
            continue
        good = figures.read(FIXTURES / "releases" / kind / "good.csv", kind, {})
        assert not any_problem([good], kind, reference)
        if not any_problem([good, bad], kind, reference):
            unnoticed.append(mode)

    assert unnoticed == []


def test_every_file_of_the_fixtures_is_tried() -> None:
    files = {f"{path.parent.name}/{path.stem}" for path in (FIXTURES / "releases").rglob("*.csv")}

    assert files == set(REFUSED) | {f"{kind}/good" for kind in HOME}
