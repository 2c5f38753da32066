"""What a printed time period means in days: the grammar of ``time_period`` and nothing else.

Grammar: ``2022``, ``2022-S1``, ``2022-Q1``, ``2022-03``, ``2022-03-31``, a range ``a/b`` of those, ``../b`` when the start
is not known, ``undated`` when nothing is.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date

from pipelines.errors import BadInput

_POINT = re.compile(
    r"(?P<year>(?:19|20)[0-9][0-9])(?:-(?:S(?P<half>[12])|Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])(?:-(?P<day>0[1-9]|[12][0-9]|3[01]))?))?"
)
UNDATED = "undated"
UNKNOWN_START = ".."


class PeriodError(BadInput):
    """The text is not a period of the grammar, or contradicts how the figure was printed."""


@dataclass(frozen=True)
class Period:
    """First and last day, both included; None where the source does not say."""

    start: date | None
    end: date | None


def _last_day(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def _point(text: str) -> tuple[date, date]:
    match = _POINT.fullmatch(text)
    if match is None:
        raise PeriodError(f"{text!r} is not YYYY, YYYY-Sn, YYYY-Qn, YYYY-MM or YYYY-MM-DD")
    year = int(match["year"])
    if match["half"]:
        first = 6 * int(match["half"]) - 5
        return date(year, first, 1), _last_day(year, first + 5)
    if match["quarter"]:
        first = 3 * int(match["quarter"]) - 2
        return date(year, first, 1), _last_day(year, first + 2)
    if match["day"]:
        try:
            day = date(year, int(match["month"]), int(match["day"]))
        except ValueError as error:
            raise PeriodError(f"{text!r} is not a day of the calendar") from error
        return day, day
    if match["month"]:
        return date(year, int(match["month"]), 1), _last_day(year, int(match["month"]))
    return date(year, 1, 1), date(year, 12, 31)


def span(text: str) -> Period:
    """Days covered by ``text`` as printed. Raises PeriodError."""
    if text == UNDATED:
        return Period(None, None)
    if "/" not in text:
        start, end = _point(text)
        return Period(start, end)
    first, _, last = text.partition("/")
    end = _point(last)[1]
    if first == UNKNOWN_START:
        return Period(None, end)
    start = _point(first)[0]
    if start > end:
        raise PeriodError(f"{text!r} ends before it starts")
    return Period(start, end)


def cell_period(text: str, flow: str) -> Period:
    """Days of the cell that a statement printed with ``flow`` is about. Raises PeriodError.

    STOCK: one day, the end of the period. FLOW: the whole period. CUM_YTD: 1 January to the end, so that "January to June"
    and "at the end of June, since January" are one cell. CUM_SINCE: from the stated start; an unknown start stays None.
    """
    period = span(text)
    if flow == "STOCK":
        if "/" in text:
            raise PeriodError(f"a stock stands at one date: {text!r} is a range")
        return Period(period.end, period.end)
    if period.start is None and period.end is not None and flow != "CUM_SINCE":
        raise PeriodError(f"an unknown start goes with CUM_SINCE only, not with {flow}")
    if flow == "CUM_YTD" and period.start is not None and period.end is not None:
        if (period.start.month, period.start.day) != (1, 1):
            raise PeriodError(f"{text!r} is cumulated since 1 January but does not start there")
        if period.start.year != period.end.year:
            raise PeriodError(f"{text!r} is cumulated since 1 January but leaves its year")
    return period
