"""The README's questions: each query runs on the published file and gives the table that is printed below it."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Whole

README = (Path(__file__).parent.parent.parent / "README.md").read_text(encoding="utf-8")
QUESTION = re.compile(r"^### (\d+)\. (.+?)\n.*?^```sql\n(.+?)^```\n\n((?:^\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
QUESTIONS = [match.groups() for match in QUESTION.finditer(README)]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def same(printed: str, found: Any) -> bool:
    if found is None:
        return printed == ""
    if isinstance(found, bool) or not isinstance(found, (int, float, Decimal)):
        return printed == (str(found).lower() if isinstance(found, bool) else str(found))
    try:
        value = Decimal(printed.replace(",", ""))
    except InvalidOperation:
        return False
    # A table prints what a reader can take in: the number, rounded where it is printed rounded.
    return value == Decimal(str(found)).quantize(value)


def test_there_are_ten_questions() -> None:
    assert [int(number) for number, *_ in QUESTIONS] == list(range(1, 11))


@pytest.mark.parametrize(("number", "title", "sql", "table"), QUESTIONS, ids=[each[0] for each in QUESTIONS])
def test_question(whole: Whole, number: str, title: str, sql: str, table: str) -> None:
    header, _, *lines = table.splitlines()
    relation = whole.connection.sql(sql.rstrip().rstrip(";"))
    assert relation.columns == cells(header)
    found = relation.fetchall()
    printed = [cells(line) for line in lines]
    assert len(found) == len(printed)
    for row, expected in zip(found, printed, strict=True):
        assert all(same(cell, value) for cell, value in zip(expected, row, strict=True)), (expected, row)
