"""What printed periods mean in days, and which of them are one cell."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.periods import Period, PeriodError, cell_period, span


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2022", date(2022, 1, 1), date(2022, 12, 31)),
        ("2022-S1", date(2022, 1, 1), date(2022, 6, 30)),
        ("2022-S2", date(2022, 7, 1), date(2022, 12, 31)),
        ("2021-Q3", date(2021, 7, 1), date(2021, 9, 30)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2023-02", date(2023, 2, 1), date(2023, 2, 28)),
        ("2024-09-25", date(2024, 9, 25), date(2024, 9, 25)),
        ("2022-01/2022-03", date(2022, 1, 1), date(2022, 3, 31)),
        ("2009/2013", date(2009, 1, 1), date(2013, 12, 31)),
        ("2001/2013-06", date(2001, 1, 1), date(2013, 6, 30)),
        ("2016-04-01/2017-Q1", date(2016, 4, 1), date(2017, 3, 31)),
        ("../2025-12", None, date(2025, 12, 31)),
        ("undated", None, None),
    ],
)
def test_a_period_is_its_first_and_last_day(text: str, start: date | None, end: date | None) -> None:
    assert span(text) == Period(start, end)


@pytest.mark.parametrize(
    "text",
    [
        "", " 2022", "2022 ", "22", "1822", "2022-1", "2022-00", "2022-13", "2022-Q0", "2022-Q5", "2022-S3", "2022-06-31",
        "2023-02-29", "2022-3-1", "2022Q1", "2022/", "/2022", "2022//2023", "2022/2023/2024", "2023/2022", "2022-02/2022-01",
        "2022/..", "../..", "undated/2022", "../undated", "mars 2022", "2022-03\n", "٢٠٢٢-03x",
    ],
)  # fmt: skip
def test_anything_else_is_no_period(text: str) -> None:
    with pytest.raises(PeriodError):
        span(text)


def test_digits_are_the_ten_of_the_grammar() -> None:
    with pytest.raises(PeriodError):
        span("20٢٤")


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_the_periods_around_a_day_hold_it_and_fit_into_one_another(day: date) -> None:
    half, quarter = (day.month + 5) // 6, (day.month + 2) // 3
    year, semester, three_months, month, one_day = (
        span(text) for text in (f"{day:%Y}", f"{day:%Y}-S{half}", f"{day:%Y}-Q{quarter}", f"{day:%Y-%m}", f"{day}")
    )

    nested = [year, semester, three_months, month, one_day]
    for outer, inner in itertools.pairwise(nested):
        assert outer.start <= inner.start <= day <= inner.end <= outer.end
    # Periods of one length tile the calendar: the day after one is the first day of another.
    assert all((each.end + timedelta(days=1)).day == 1 for each in (year, semester, three_months, month))


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param([("2022-01/2022-06", "CUM_YTD"), ("2022-01/2022-06", "FLOW"), ("2022-S1", "FLOW"), ("2022-S1", "CUM_YTD")]),
        pytest.param([("2022-01/2022-03", "CUM_YTD"), ("2022-Q1", "FLOW")]),
        pytest.param([("2024-01", "CUM_YTD"), ("2024-01", "FLOW")]),
        pytest.param([("2024", "CUM_YTD"), ("2024", "FLOW"), ("2024-01/2024-12", "CUM_SINCE")]),
        pytest.param(
            [("2024", "STOCK"), ("2024-12", "STOCK"), ("2024-12-31", "STOCK"), ("2024-Q4", "STOCK"), ("2024-S2", "STOCK")]
        ),
        pytest.param([("../2025-12", "CUM_SINCE"), ("../2025", "CUM_SINCE")]),
    ],
)
def test_one_cell_said_in_several_ways(statements: list[tuple[str, str]]) -> None:
    assert len({cell_period(*statement) for statement in statements}) == 1


def test_cells_that_must_not_meet() -> None:
    statements = [
        ("2022", "STOCK"),  # at the end of the year
        ("2022", "FLOW"),  # during the year
        ("2022-12", "FLOW"),
        ("2022-06", "STOCK"),
        ("2022-01/2022-06", "CUM_YTD"),
        ("2022-04/2022-06", "FLOW"),  # the quarter is not "since January"
        ("2021/2022", "CUM_SINCE"),
        ("../2022", "CUM_SINCE"),  # an unknown start meets only itself
        ("undated", "STOCK"),
    ]

    assert len({cell_period(*statement) for statement in statements}) == len(statements)


@pytest.mark.parametrize(
    ("text", "flow", "because"),
    [
        ("2022-02/2022-03", "CUM_YTD", "does not start there"),
        ("2022-Q2", "CUM_YTD", "does not start there"),
        ("2022-01-02/2022-03", "CUM_YTD", "does not start there"),
        ("2021-01/2022-03", "CUM_YTD", "leaves its year"),
        ("../2022-03", "CUM_YTD", "CUM_SINCE only"),
        ("../2022-03", "FLOW", "CUM_SINCE only"),
        ("2022-01/2022-03", "STOCK", "stands at one date"),
        ("../2022-03", "STOCK", "stands at one date"),
    ],
)
def test_a_period_that_contradicts_how_the_figure_was_printed(text: str, flow: str, because: str) -> None:
    with pytest.raises(PeriodError, match=because):
        cell_period(text, flow)
