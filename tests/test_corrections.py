"""The ledger of corrections: one that fits is taken, one that does not is named with what was expected and found."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from pipelines.checks.corrections import corrections_fit
from pipelines.warehouse import draft
from tests.house import OBSERVATION, TARGET, House, build, figures

TODAY = date(2026, 11, 23)
NAMES = ("company_creation/ompic_barometer", "strategy/strategy_targets", "strategy/strategy_events")
OF_A_CELL = {
    "correction": "c", "kind": "MISPRINT", "dataset": NAMES[0], "corrected_column": "obs_value",
    **{name: OBSERVATION[name] for name in ("definition", "ref_area", "urbanisation", "breakdown", "time_period")},
    "printed_value": "3388", "corrected_value": "3389", "reason": "a test", "source": "a test", "declared_on": "2026-11-22",
}  # fmt: skip
OF_A_TARGET = {
    "correction": "t", "kind": "MISPRINT", "dataset": NAMES[1], "corrected_column": "target_value",
    "target_id": TARGET["target_id"], "printed_value": "58000", "corrected_value": "85000", "reason": "a test",
    "source": "a test", "declared_on": "2026-11-22",
}  # fmt: skip


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """One observation in two releases of two documents, the older one mended; and one target."""
    made = build(tmp_path_factory.mktemp("corrections"))
    barometer, targets = (made.bring(name, releases=False) for name in NAMES[:2])
    other = OBSERVATION | {"document": "le360-ompic-2022-03"}
    made.write(barometer, "undated__slip.csv", figures("observation", [OBSERVATION | {"obs_value": "338"}]))
    slip = {"replaces": "undated__slip.csv", "reason": "a digit was lost"}
    made.write(barometer, "undated__mended.csv", figures("observation", [OBSERVATION]), **slip)
    made.write(barometer, "undated__other.csv", figures("observation", [other | {"ref_area": "02"}, other]))
    made.write(targets, "undated__targets.csv", figures("target", [TARGET]))
    loaded = made.load(barometer, targets)
    assert [each.refused for each in loaded.values()] == [{}, {}]
    return made


def said(house: House, *ledger: dict[str, str]) -> str:
    """What is wrong with this ledger; empty when it fits."""
    seed: Path = house.settings.seeds / "corrections.csv"
    with seed.open(encoding="utf-8", newline="") as file:
        columns = csv.DictReader(file).fieldnames
    assert columns
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(ledger)
    with draft.connect(house.settings) as connection:
        verdict = corrections_fit(connection, house.reference, NAMES, TODAY)
    assert verdict.passed == ("wrong" not in verdict.metadata)
    assert verdict.severity.value == "ERROR"
    return "" if verdict.passed else str(verdict.metadata["wrong"].value)


def test_corrections_that_fit(house: House) -> None:
    """A slip of ours that was mended is not asked, nor a data set that this draft has not loaded."""
    assert said(house) == ""
    assert said(house, OF_A_CELL, OF_A_TARGET) == ""
    assert said(house, OF_A_CELL | {"release": "undated__mended.csv"}) == ""
    assert said(house, OF_A_CELL | {"dataset": NAMES[2]}) == ""


def test_another_number_than_expected_is_named(house: House) -> None:
    wrong = said(house, OF_A_TARGET | {"printed_value": "57000"})

    assert wrong == (
        "t: mn2013.digital_jobs_total.2013 (strategy/strategy_targets/undated__targets.csv, row 1) is printed 58000, expected "
        "57000: amend the correction, name the release it is for, or take it out of the ledger"
    )
    assert said(house, OF_A_CELL | {"printed_value": "3388.0"}).count("is printed 3388, expected 3388.0") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"ref_area": "03"},
        {"time_period": "2022-01/2022-04"},
        {"document": "atlasinfo-ompic-to-2023-03"},
        {"release": "undated__othr.csv"},
    ],
)
def test_a_correction_without_its_statement_is_named(house: House, changes: dict[str, str]) -> None:
    wrong = said(house, OF_A_CELL | changes)

    assert wrong.startswith("c: meets no statement: company_creations@ompic, ")
    assert "expected it printed 3388" in wrong


def test_a_correction_goes_into_the_past_with_the_release_it_names(house: House) -> None:
    """Bound to a release that was replaced it corrects what was known then; its guard holds there too."""
    bound = OF_A_CELL | {"release": "undated__slip.csv", "printed_value": "338", "corrected_value": "3388"}
    assert said(house, bound) == ""
    assert said(house, OF_A_CELL | {"release": "undated__mended.csv"}, bound | {"correction": "d"}) == ""
    assert "339" in said(house, bound | {"printed_value": "339"})


def test_two_corrections_of_one_statement_are_named(house: House) -> None:
    wrong = said(house, OF_A_CELL | {"release": "undated__mended.csv"}, OF_A_CELL | {"correction": "d"})

    assert "d: company_creations@ompic, 01, _T, _T, 2022-01/2022-03" in wrong
    assert wrong.endswith("is corrected by c already")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (OF_A_CELL | {"reason": ""}, "c: reason is empty"),
        (OF_A_CELL | {"corrected_column": "obs_lower"}, "c: corrected_column is 'obs_lower', must be one of"),
        (OF_A_CELL | {"ref_area": ""}, "an observation by definition, ref_area"),
        (OF_A_CELL | {"target_id": "x"}, "a target is named by target_id alone"),
        (OF_A_TARGET | {"target_id": ""}, "a target is named by target_id alone"),
        (OF_A_CELL | {"kind": "SLIP"}, "c: kind 'SLIP' is not in code list CORRECTION_KIND"),
        (OF_A_CELL | {"dataset": "company_creation/ompic"}, "c: there is no data set 'company_creation/ompic'"),
        (OF_A_CELL | {"corrected_value": "3 389"}, "c: corrected_value '3 389' is no number in plain digits"),
        (OF_A_CELL | {"corrected_value": "NaN"}, "c: corrected_value 'NaN' corrects nothing"),
        (OF_A_CELL | {"corrected_value": "3388"}, "c: corrected_value '3388' corrects nothing"),
        (OF_A_CELL | {"declared_on": "2026-11-24"}, "c: declared_on 2026-11-24 is in the future"),
        (OF_A_CELL | {"declared_on": "22/11/2026"}, "c: declared_on '22/11/2026' is no date"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(house: House, row: dict[str, str], message: str) -> None:
    assert message in said(house, row)


def test_a_name_stands_once(house: House) -> None:
    assert said(house, OF_A_CELL, OF_A_TARGET | {"correction": "c"}) == "c: stands more than once in the ledger"
