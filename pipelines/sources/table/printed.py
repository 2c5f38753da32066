"""How publishers print numbers and periods in tables, and what each of the declared ways means; nothing else is understood."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from pipelines.periods import PeriodError, span
from pipelines.sources.formats import Cell, Kind, plain

DECIMAL_MARKS = (",", ".")
THOUSANDS_MARKS = (" ", ".", ",", "'", "none")
_BLANK = r"[ \u00a0\u2009\u202f]"
_MINUS = r"(?P<sign>[-\u2212]?)"

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("janvier janv", "février févr fév", "mars", "avril avr", "mai", "juin", "juillet juil", "août", "septembre sept",
         "octobre oct", "novembre nov", "décembre déc"), start=1,
    )
    for name in names.split()
}  # fmt: skip


class Unclear(ValueError):
    """What a cell holds is not printed in any declared way; the message says what was looked for."""


def number_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """Numbers printed with these marks; groups of thousands have three digits, and a number may do without them."""
    if thousands == "none":
        whole = r"[0-9]+"
    else:
        mark = _BLANK if thousands == " " else re.escape(thousands)
        whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)"
    return re.compile(rf"{_MINUS}(?P<whole>{whole})(?:{re.escape(decimal)}(?P<part>[0-9]+))?")


def number(text: str, pattern: re.Pattern[str]) -> str:
    """Plain digits of a printed number, its decimals as many as printed. Raises Unclear."""
    match = pattern.fullmatch(text)
    if match is None:
        raise Unclear("is not a number with the declared decimal and thousands marks")
    whole = re.sub(r"[^0-9]", "", match["whole"])
    if len(whole) > 1 and whole.startswith("0"):
        raise Unclear("starts with a zero, like a code")
    digits = whole + (f".{match['part']}" if match["part"] else "")
    return plain(Decimal(("-" if match["sign"] else "") + digits))


def _year(text: str) -> str | None:
    return text if re.fullmatch(r"[0-9]{4}", text) else None


def _sub_year(letters: str, code: str, most: int) -> Callable[[str], str | None]:
    def meant(text: str) -> str | None:
        match = re.fullmatch(rf"(?:{letters})([1-{most}])[- ]([0-9]{{4}})", text) or re.fullmatch(
            rf"(?P<y>[0-9]{{4}})[- ](?:{letters})(?P<n>[1-{most}])", text
        )
        if match is None:
            return None
        said = match.groupdict() or {"n": match[1], "y": match[2]}
        return f"{said['y']}-{code}{said['n']}"

    return meant


def _month(text: str) -> str | None:
    match = re.fullmatch(r"([0-9]{2})/([0-9]{4})", text)
    return f"{match[2]}-{match[1]}" if match else None


def _month_name(text: str) -> str | None:
    match = re.fullmatch(r"([^\W\d_]+)\.?[- ]([0-9]{4})", text)
    number = _MONTHS.get(match[1].lower()) if match else None
    return f"{match[2]}-{number:02d}" if match and number else None


def _day(text: str) -> str | None:
    match = re.fullmatch(r"([0-9]{2})/([0-9]{2})/([0-9]{4})", text)
    return f"{match[3]}-{match[2]}-{match[1]}" if match else None


PERIODS: dict[str, Callable[[str], str | None]] = {
    "year": _year,
    "half_year": _sub_year("S", "S", 2),
    "quarter": _sub_year("T|Q", "Q", 4),
    "month": _month,
    "month_name": _month_name,
    "day": _day,
    "as_ours": lambda text: text,
}
"""Printed forms by name: 2006; S2-2013; T1-2006; 03/2022; mars 2022, févr. 2022; 31/03/2022; our own grammar (2022-Q1)."""

DATE_CELLS = {"date_is_day": 10, "date_is_month": 7, "date_is_year": 4}
"""What a date cell stands for: its day, or the month or year it lies in."""


def period(cell: Cell, forms: tuple[str, ...], *, since_january: bool) -> str:
    """The period a cell means, in the grammar of ``periods``. Raises Unclear."""
    text = " ".join(cell.text.split())
    if cell.kind is Kind.DATE:
        found = {text[: DATE_CELLS[form]] for form in forms if form in DATE_CELLS}
    else:
        found = {meant for form in forms if form in PERIODS and (meant := PERIODS[form](text)) is not None}
    if len(found) != 1:
        known = ", ".join(forms)
        raise Unclear(
            f"is {cell.kind.value} and no period of the declared forms ({known})"
            if not found
            else f"can be any of {sorted(found)}"
        )
    meant = found.pop()
    try:
        days = span(meant)
    except PeriodError as error:
        raise Unclear(f"is no period: {error}") from error
    if not since_january:
        return meant
    if "/" in meant or days.end is None:
        raise Unclear("cannot be the end of a cumulation since January")
    return f"{date(days.end.year, 1, 1).isoformat()[:7]}/{days.end.isoformat()[:7] if len(meant) < 10 else meant}"
