"""What came of asking, in SQL: the macro over the log says what ``attempts.health`` says, whatever the nights were like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.fetching import attempts
from pipelines.fetching.attempts import Health
from pipelines.warehouse import asked
from tests.house import FIXTURES, House

NAMES = ("connectivity/itu_datahub", "territory/world_bank_api_population", "company_creation/world_bank_api_entrepreneurship")
FILED = datetime(2026, 11, 20, 12)


@pytest.fixture
def published(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A file called marsad with the columns of ``quality.source_health`` that the macro reads."""
    with duckdb.connect(tmp_path / "marsad.duckdb") as connection:
        connection.execute("create schema quality")
        connection.execute(
            "create table quality.source_health (dataset varchar, publisher varchar, latest_recorded_at timestamp, "
            "late_after date, out_of_service varchar, contact varchar)"
        )
        for name in (*NAMES, "never/asked"):
            connection.execute("insert into quality.source_health values (?, 'p', ?, null, null, 'c')", [name, FILED])
        asked.define(connection)
        yield connection


def told(connection: duckdb.DuckDBPyConnection, log: Path) -> dict[str, tuple[object, ...]]:
    found = connection.execute(
        "select dataset, last_attempt, last_success, last_change, failing, message from marsad.sources_asked($log)",
        {"log": str(log)},
    ).fetchall()
    return {name: rest for name, *rest in found}  # type: ignore[misc]


def expected(found: Health) -> list[object]:
    def moment(said: str | None) -> datetime | None:
        return datetime.fromisoformat(said).replace(tzinfo=None) if said else None

    change = max(FILED, moment(found.last_change) or FILED)
    return [moment(found.last_attempt), moment(found.last_success), change, found.failing, found.message]


LINE = st.builds(
    lambda name, minute, outcome, message: {
        "dataset": name, "at": f"2026-11-21T03:{minute:02d}:00+00:00", "outcome": outcome, "seconds": 0.1, "message": message,
    },
    st.sampled_from(NAMES),
    st.integers(0, 59),
    st.sampled_from([*attempts.SUCCESSES, *attempts.FAILURES, attempts.SKIPPED]),
    st.sampled_from([None, "answered 503", 'words "in quotes"\nand a line more', "péché"]),
)  # fmt: skip


@given(st.lists(LINE, min_size=1, max_size=30), st.integers(0, 60))
def test_the_macro_says_what_the_log_says(
    published: duckdb.DuckDBPyConnection, house: House, lines: list[dict[str, object]], torn: int
) -> None:
    for each in lines:
        if each["outcome"] in attempts.SUCCESSES:
            each["message"] = None
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)
    log = house.settings.warehouse / "fetches.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text + json.dumps(lines[0])[:torn], encoding="utf-8")
    found = attempts.health(house.settings)
    said = told(published, log)
    assert {name: list(said[name]) for name in (*NAMES, "never/asked")} == {
        name: expected(found.get(name, Health())) for name in (*NAMES, "never/asked")
    }


def test_a_log_as_nights_leave_it(published: duckdb.DuckDBPyConnection) -> None:
    said = told(published, FIXTURES / "fetches.jsonl")
    assert {name: (failing, message) for name, (*_, failing, message) in said.items()} == {
        "connectivity/itu_datahub": (2, "answered 473"),
        "territory/world_bank_api_population": (2, "series SP.POP.TOTL is called 'Population'"),
        "company_creation/world_bank_api_entrepreneurship": (0, None),
        "never/asked": (0, None),
    }
