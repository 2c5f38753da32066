"""README and docs/: each query runs on the published file and gives the table that is printed below it."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Whole

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
QUESTION = re.compile(r"^### (\d+)\. (.+?)\n.*?^```sql\n(.+?)^```\n\n((?:^\|[^\n]*\n)+)", re.MULTILINE | re.DOTALL)
QUESTIONS = [match.groups() for match in QUESTION.finditer(README)]
# In docs/ a block that is not marked as sql is not run; one that is may be followed by what it prints.
QUERY = re.compile(r"^```sql\n(.+?)^```\n(?:\n((?:^\|[^\n]*\n)+))?", re.MULTILINE | re.DOTALL)
QUERIES = [
    pytest.param(sql, table or "", id=f"{page.name}:{text.count(chr(10), 0, match.start()) + 1}")
    for page in sorted((CHECKOUT / "docs").glob("*.md"))
    for text in [page.read_text(encoding="utf-8")]
    for match in QUERY.finditer(text)
    for sql, table in [match.groups()]
]


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


REFRESH = re.compile(r"^`make refresh` ends like this:\n\n```\n(.+?)^```\n", re.MULTILINE | re.DOTALL)


def lasting(printed: str) -> list[str]:
    """What ``marsad refresh`` printed, without what depends on the day and the machine: which sources are late by now (the
    checks are counted together), the publication's name, the seconds, the folder.
    """
    checks = [int(count) for count in re.findall(r"^checked +(\d+) checks passed, (\d+) warn$", printed, re.MULTILINE)[0]]
    lines = [line.rstrip() for line in printed.splitlines() if not re.fullmatch(r" +\S+/\S+: age", line.rstrip())]
    lines = [f"checks {sum(checks)}" if line.startswith("checked ") else line for line in lines]
    lines = [re.sub(r"^(published +)\d{6}-[0-9a-f]{12} \(\d+\.\d s\)$", r"\1", line) for line in lines]
    return [re.sub(r"(?<=-readonly )\S*(?=data/warehouse/)", "", line) for line in lines]


def test_a_refresh_prints_what_is_printed_here(whole: Whole) -> None:
    """The statements, the checks and the rows of every mart."""
    [printed] = REFRESH.findall(README)

    assert lasting(printed) == lasting(whole.said.out)
    assert len(re.findall(r"^marts\.", printed, re.MULTILINE)) == len(
        whole.connection.execute("select * from duckdb_tables() where schema_name = 'marts'").fetchall()
    )


def test_there_are_ten_questions() -> None:
    assert [int(number) for number, *_ in QUESTIONS] == list(range(1, 11))


def hold_against(whole: Whole, sql: str, table: str) -> None:
    header, _, *lines = table.splitlines()
    relation = whole.connection.sql(sql.rstrip().rstrip(";"))
    assert relation.columns == cells(header)
    found = relation.fetchall()
    printed = [cells(line) for line in lines]
    assert len(found) == len(printed)
    for row, expected in zip(found, printed, strict=True):
        assert all(same(cell, value) for cell, value in zip(expected, row, strict=True)), (expected, row)


@pytest.mark.parametrize(("number", "title", "sql", "table"), QUESTIONS, ids=[each[0] for each in QUESTIONS])
def test_question(whole: Whole, number: str, title: str, sql: str, table: str) -> None:
    hold_against(whole, sql, table)


@pytest.mark.parametrize(("sql", "table"), QUERIES)
def test_query_of_a_guide(whole: Whole, sql: str, table: str) -> None:
    if table:
        hold_against(whole, sql, table)
    else:
        assert whole.connection.execute(sql).fetchall()


def test_the_guides_ask_something() -> None:
    assert len(QUERIES) >= 5


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in (CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
