"""From statements to records: what is judged, how it is said, and that nothing printed is changed on the way."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines import statements
from pipelines.datasets import DataSet, Release, read_data_set
from pipelines.records import RECORDS, STATEMENT_COLUMNS, columns
from pipelines.reference import Reference
from pipelines.statements import MOST_PROBLEMS, Problem, problems, records
from tests.house import DATA, OBSERVATION, TARGET, Real

REFERENCE = Reference(DATA / "seeds")
HOME = {
    "observation": "company_creation/ompic_barometer",
    "target": "strategy/strategy_targets",
    "event": "strategy/strategy_events",
}
QUOTED = OBSERVATION | {
    "indicator": "offshoring_jobs_net_creation", "definition": "offshoring_jobs_net_creation@mtnra", "ref_area": "MA",
    "time_period": "2022/2025", "freq": "I", "flow": "CUM_SINCE", "obs_value": "18500", "unit_measure": "JOBS", "bound": "GE",
    "publisher": "mtnra", "document": "article-001-parliament-results-2025-12-30", "quote": "plus de 18.500 emplois depuis 2022",
}  # fmt: skip
SHARE = OBSERVATION | {
    "indicator": "ANRT.IND.SMARTPHONE", "definition": "ANRT.IND.SMARTPHONE@anrt_survey_individuals", "ref_area": "MA",
    "time_period": "2015", "freq": "A", "flow": "STOCK", "obs_value": "54.7", "unit_measure": "PERCENT", "publisher": "anrt",
    "document": "maghress-lesechos-157458",
}  # fmt: skip
EVENT = {
    "event_id": "sdtn_villes.tender.2016-07-22", "event_type": "tender", "strategy": "SDTN_VILLES",
    "ref_area": "P:marrakech;P:fes;P:agadir", "time_period": "2016-07-22", "title_fr": "Appel d'offres", "title_ar": "طلب عروض",
    "title_en": "Call for tenders", "publisher": "le360", "document": "le360-pilot-cities-tender-2016-07-22",
}  # fmt: skip
SAMPLES: dict[str, dict[str, str]] = {"observation": OBSERVATION, "target": TARGET, "event": EVENT}


def frame(kind: str, *rows: dict[str, str | None]) -> pl.DataFrame:
    """Statements as a reader returns them."""
    names = STATEMENT_COLUMNS[kind]
    return pl.DataFrame(
        [[row.get(name) or None for name in names] for row in rows], dict.fromkeys(names, pl.String), orient="row"
    )


def judged(*rows: dict[str, Any], kind: str = "observation") -> list[Problem]:
    return problems(frame(kind, *rows), kind, REFERENCE)


def recorded(*rows: dict[str, Any], kind: str = "observation") -> pl.DataFrame:
    data_set = read_data_set(DATA / "raw" / HOME[kind] / "dataset.yml")
    return records(frame(kind, *rows), data_set, release_of(data_set), REFERENCE)


def release_of(data_set: DataSet) -> Release:
    return Release(
        dataset=data_set.name, path=data_set.folder / "undated__a.csv", document=None, published_on=None,
        published_precision="UNKNOWN", retrieved_on=date(2026, 11, 22), note=None, replaces=None, reason=None, sha256="a" * 64,
        recorded_at=datetime(2026, 11, 22, 12),
    )  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"obs_value": "0"},
        {"obs_value": "100"},
        {"obs_value": "100.000"},
        {"obs_value": None, "obs_lower": "0", "obs_upper": "100"},
        {"obs_value": None, "obs_lower": "50", "obs_upper": "50"},
        {"obs_value": None, "obs_status": "O"},
        {"locator": "page 3, row 2", "comment": 'a, b and "c"'},
    ],
)
def test_what_stands_at_the_edge_of_a_rule_is_within_it(changes: dict[str, str | None]) -> None:
    assert judged(SHARE | changes) == []


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"obs_value": "100.0000000001"}, "obs_value"),
        ({"obs_value": "-0.0000000001"}, "obs_value"),
        ({"obs_value": None, "obs_lower": "-1", "obs_upper": "50"}, "obs_value"),
        ({"obs_value": None, "obs_lower": "50", "obs_upper": "101"}, "obs_value"),
        ({"obs_value": None, "obs_lower": "50.1", "obs_upper": "50"}, "obs_lower"),
        ({"obs_value": None, "obs_upper": "50", "obs_status": "O"}, "obs_lower"),
        ({"obs_value": None}, "obs_status"),
        ({"obs_status": "M"}, "obs_status"),
    ],
)
def test_what_stands_beyond_it_is_not(changes: dict[str, str | None], column: str) -> None:
    assert column in {each.column for each in judged(SHARE | changes)}


def test_digits_are_counted_in_units() -> None:
    assert judged(OBSERVATION | {"obs_value": "9" * 26}) == []
    assert judged(OBSERVATION | {"obs_value": "9" * 20, "unit_mult": "6"}) == []
    assert [each.column for each in judged(OBSERVATION | {"obs_value": "9" * 27})] == ["obs_value"]
    assert [each.column for each in judged(OBSERVATION | {"obs_value": "9" * 21, "unit_mult": "6"})] == ["obs_value"]


def test_fifteen_words_are_a_quote_and_sixteen_are_not() -> None:
    fifteen = "il y a eu dans le secteur et en trois ans plus de 18.500 emplois"

    assert len(fifteen.split()) == 15
    assert judged(QUOTED | {"quote": fifteen}) == []
    assert [each.column for each in judged(QUOTED | {"quote": f"Oui {fifteen}"})] == ["quote"]


def test_a_quoted_range_states_both_its_ends() -> None:
    ranged = SHARE | {"obs_value": None, "obs_lower": "5", "obs_upper": "10"}

    assert judged(ranged | {"quote": "entre 5 et 10%"}) == []
    assert [(each.column, each.value) for each in judged(ranged | {"quote": "entre 5 et 12%"})] == [("obs_upper", "10")]
    assert [(each.column, each.value) for each in judged(ranged | {"quote": "entre 4 et 10%"})] == [("obs_lower", "5")]


def test_a_problem_names_file_row_column_value_and_rule() -> None:
    found = judged(OBSERVATION, SHARE | {"unit_measure": "PERCENTS"})

    assert len(found) == 1
    assert found[0].rule == "unit_measure is in units"
    sentence = found[0].sentence("undated__a.csv")
    assert sentence.startswith(
        "undated__a.csv: row 2, column unit_measure: 'PERCENTS' is not in the code list units; nearest known: PERCENT"
    )
    assert sentence.endswith("(value 'PERCENTS')")
    assert Problem("a header row", "the file is empty").sentence("a.csv") == "a.csv: the file is empty"


def test_every_broken_rule_of_every_row_is_said_in_the_order_of_the_file() -> None:
    found = judged(OBSERVATION | {"freq": "X", "ref_area": "99"}, OBSERVATION, OBSERVATION | {"obs_value": "1e3"})

    assert [(each.row, each.column) for each in found] == [(1, "freq"), (1, "ref_area"), (3, "obs_value")]


def test_a_file_that_is_wrong_everywhere_is_said_in_bounds() -> None:
    found = judged(*[OBSERVATION | {"obs_value": "1,5", "locator": f"row {number}"} for number in range(MOST_PROBLEMS + 50)])

    assert [each.row for each in found] == list(range(1, MOST_PROBLEMS + 1))


@pytest.mark.parametrize("column", [name for name in STATEMENT_COLUMNS["observation"] if name != "comment"])
def test_a_repeated_statement_is_one_of_the_same_cell_that_says_the_same(column: str) -> None:
    other = {
        "indicator": SHARE["indicator"], "definition": "company_creations@ompic", "ref_area": "02", "urbanisation": "U",
        "breakdown": "LEGAL_FORM=LEGAL_PERSON", "time_period": "2022", "freq": "A", "flow": "FLOW", "obs_value": "3389",
        "unit_measure": "JOBS", "unit_mult": "3", "bound": "GE", "obs_lower": "1", "obs_upper": "2", "obs_status": "P",
        "conf_status": "N", "publisher": "omtpme", "document": "le360-ompic-2022-03", "locator": "row 7", "quote": "3388",
    }  # fmt: skip
    assert set(other) == set(STATEMENT_COLUMNS["observation"]) - {"comment"}
    doubled = [each for each in judged(OBSERVATION, OBSERVATION | {"comment": "again"}) if each.rule == "no statement twice"]
    varied = [each for each in judged(OBSERVATION, OBSERVATION | {column: other[column]}) if each.rule == "no statement twice"]

    assert [(each.row, each.message) for each in doubled] == [(2, "repeats row 1")]
    # "definition" stands for itself, and the manner of printing is not what tells two statements apart.
    same = other[column] == OBSERVATION.get(column) or column in ("freq", "flow", "conf_status")
    assert len(varied) == (1 if same else 0)


def test_a_record_keeps_the_digits_as_printed() -> None:
    rows = recorded(
        SHARE | {"obs_value": "55.0"}, OBSERVATION | {"obs_value": "0003388"}, SHARE | {"obs_value": None, "obs_status": "O"}
    )

    assert rows["obs_value"].to_list() == ["55.0", "0003388", None]
    assert rows["decimals"].to_list() == [1, 0, None]
    assert rows["release_row"].to_list() == [1, 2, 3]
    assert rows.columns == [name for name in columns("observation") if name not in ("observation_id", "cell_id")]


def test_a_record_is_put_into_its_place_by_the_seeds() -> None:
    row = recorded(OBSERVATION).row(0, named=True)

    assert (row["geo_version"], row["freq_class"]) == ("MA-2015", "FLOW")
    assert (row["period_start"], row["period_end"]) == (date(2022, 1, 1), date(2022, 3, 31))
    assert (row["dataset"], row["release"], row["sha256"]) == (HOME["observation"], "undated__a.csv", "a" * 64)


def test_targets_end_when_their_periods_do() -> None:
    rows = recorded(TARGET, TARGET | {"due_period": None, "baseline_period": None, "target_value": "58.50"}, kind="target")

    assert rows["due_on"].to_list() == [date(2013, 12, 31), None]
    assert rows["baseline_on"].to_list() == [date(2008, 12, 31), None]
    assert rows["decimals"].to_list() == [0, 2]
    assert rows["freq_class"].to_list() == ["STOCK", "STOCK"]


@pytest.mark.parametrize("precision", ["DAY", "MONTH", "YEAR", "UNKNOWN"])
def test_a_date_known_roughly_counts_from_its_last_day_and_never_after_it_was_read(precision: str) -> None:
    documents = REFERENCE.documents.filter(published_precision=precision)
    assert documents.height > 0
    rows = recorded(*[OBSERVATION | {"document": document, "locator": document} for document in documents["document"]])

    for row in rows.iter_rows(named=True):
        published, latest, retrieved = row["published_on"], row["published_not_after"], row["retrieved_on"]
        assert latest <= retrieved
        if precision == "UNKNOWN":
            assert (published, latest) == (None, retrieved)
        elif precision == "DAY":
            assert published == latest
        elif latest < retrieved:
            following = date.fromordinal(latest.toordinal() + 1)
            assert following.day == 1
            assert (latest.year, latest.month) == (published.year, published.month if precision == "MONTH" else 12)


def test_every_real_quote_refuses_a_value_it_does_not_state(real: Real) -> None:
    names = STATEMENT_COLUMNS["observation"]
    quoted = real.connection.execute(
        f"select {', '.join(f'{name}::varchar' for name in names)} from raw.observations where quote is not null"
    ).fetchall()
    rows = [dict(zip(names, row, strict=True)) for row in quoted]
    assert len(rows) >= 20
    nudged = []
    for row in rows:
        unit = Decimal(1).scaleb(Decimal(row["obs_value"]).as_tuple().exponent)
        nudged += [row | {"obs_value": str(Decimal(row["obs_value"]) + sign * unit)} for sign in (-1, 1)]
    bounds = ("EQ", "GE", "LE", "APPROX", "LT_APPROX")
    other_bounds = [row | {"bound": bound} for row in rows for bound in bounds if bound != row["bound"]]

    assert judged(*rows) == []
    assert {each.row for each in judged(*nudged) if each.rule == "quote equals value"} == set(range(1, len(nudged) + 1))
    assert {each.row for each in judged(*other_bounds) if each.rule == "quote equals bound"} == set(
        range(1, len(other_bounds) + 1)
    )


def test_a_rule_that_cannot_be_evaluated_does_not_pass_for_kept() -> None:
    # The digits of obs_lower pass for digits, then cannot be cast; the definition is another indicator's.
    row = OBSERVATION | {"obs_lower": "٣", "definition": "offshoring_export_revenue@oc_old"}
    assert judged(row) != []

    broken = statements._rule("obs_value", "a rule of ours", pl.col("no such column"), "never said")
    with pytest.raises(Exception, match="no such column"):
        statements._broken(frame("observation", OBSERVATION), [broken])


# Cells as people and programs break them, beside cells that other columns hold.
_JUNK = st.one_of(
    st.sampled_from(
        ["", " ", "undated", "MA", "_T", "NONE", "2022", "../2022", "2022-02-30", "1e3", "٣٣", "20٢٤", "-", "=1+1", "x;y", "="]
    ),
    st.sampled_from(sorted({value for sample in SAMPLES.values() for value in sample.values()})),
    st.text(max_size=6),
)


@st.composite
def broken_statement(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    kind = draw(st.sampled_from(sorted(SAMPLES)))
    changes = draw(st.dictionaries(st.sampled_from(STATEMENT_COLUMNS[kind]), _JUNK, min_size=1, max_size=2))
    return kind, SAMPLES[kind] | changes


@settings(max_examples=150)
@given(broken_statement())
@example(("observation", OBSERVATION | {"obs_value": "٣٣٨٨"}))
@example(("target", TARGET | {"baseline_period": "fin 2008"}))
@example(("target", TARGET | {"direction": "NONE"}))
@example(("event", EVENT | {"time_period": "undated"}))
def test_a_statement_is_refused_or_becomes_a_valid_record(statement: tuple[str, dict[str, str]]) -> None:
    kind, row = statement

    if judged(row, kind=kind):
        return

    made = recorded(row, kind=kind)
    if kind == "observation":
        made = made.with_columns(observation_id=pl.lit("a" * 64), cell_id=pl.lit("a" * 32))
    RECORDS[kind].validate(made.select(list(columns(kind))))
