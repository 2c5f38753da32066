"""Tables are held against their rules in pieces: the verdict is that of the whole table, wherever the pieces end."""

from __future__ import annotations

from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.checks import contracts, stages
from tests.house import Real

CONTRACT: dict[str, Any] = {
    "name": "lights",
    "schema": "marts",
    "columns": {
        "place": {"name": "place", "data_type": "varchar", "constraints": [{"type": "not_null"}]},
        "share": {"name": "share", "data_type": "double", "config": {"meta": {"minimum": 0, "maximum": 1}}},
        "note": {"name": "note", "data_type": "varchar"},
    },
}


@pytest.fixture(params=[1, 2, 1000])
def rows_at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many rows pandera is shown together."""
    monkeypatch.setattr(stages, "ROWS_AT_ONCE", request.param)
    return int(request.param)


def lights(*rows: tuple[str | None, float, str | None], types: str = "place varchar, share double, note varchar") -> Any:
    """A model with these rows, and the verdict on it."""
    connection = duckdb.connect()
    connection.execute(f"create schema marts; create table marts.lights ({types})")
    for row in rows:
        connection.execute("insert into marts.lights values (?, ?, ?)", list(row))
    return contracts.check(connection, CONTRACT)


@pytest.mark.parametrize("place", range(5))
def test_a_row_that_breaks_the_contract_is_found_in_every_piece(rows_at_once: int, place: int) -> None:
    good = [("Tata", 0.2, None), ("Tiznit", 1.0, "x")]
    assert lights(*good * 3).passed
    rows = (good * 3)[:5]
    rows[place] = (None, 1.5, None)

    verdict = lights(*rows)

    assert not verdict.passed
    assert verdict.metadata["broken"].value == "place is never null; share <= 1"
    assert verdict.metadata["rows"].value == 5


def test_another_type_or_order_of_columns_breaks_the_contract_even_of_an_empty_model(rows_at_once: int) -> None:
    assert lights().passed
    assert not lights(types="place varchar, share float, note varchar").passed
    assert not lights(types="place varchar, note varchar, share double").passed


def few(real: Real, *changes: str) -> Any:
    """The verdict on a raw table with seven real observations, after ``changes``."""
    rows = real.connection.sql("select * from raw.observations order by observation_id limit 7").pl()
    connection = duckdb.connect()
    connection.register("rows", rows)
    connection.execute("create schema raw; create table raw.observations as select * from rows")
    for change in changes:
        connection.execute(change)
    return stages.raw_records(connection, "observation")


def test_a_record_that_breaks_its_model_is_found_in_every_piece(real: Real, rows_at_once: int) -> None:
    good = few(real)
    assert good.passed
    assert good.metadata["rows"].value == 7
    # At the beginning, in the middle, and alone in the last piece of two.
    for place in (0, 3, 6):
        verdict = few(real, f"update raw.observations set bound = 'ABOUT' where rowid = {place}")
        assert not verdict.passed
        assert "ABOUT" in verdict.metadata["failing"].value


def test_an_id_that_stands_twice_is_found_across_pieces(real: Real, rows_at_once: int) -> None:
    verdict = few(
        real,
        "update raw.observations set observation_id = (select min(observation_id) from raw.observations) where rowid = 6",
    )
    assert not verdict.passed
    assert real.connection.sql("select min(observation_id) from raw.observations").fetchall()[0][0][:12] in (
        verdict.metadata["failing"].value
    )


def test_pieces_together_are_the_table(rows_at_once: int) -> None:
    connection = duckdb.connect()
    whole = connection.sql("select range as number, range::varchar as text from range(5)").pl()
    assert pl.concat(list(stages.frames(connection, "select range as number, range::varchar as text from range(5)"))).equals(
        whole
    )
    [empty] = stages.frames(connection, "select range as number from range(0)")
    assert (empty.height, empty.columns) == (0, ["number"])
