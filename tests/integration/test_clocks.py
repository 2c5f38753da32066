"""The two clocks: the models and macros themselves, on random vintages and on all the real data, against plain Python."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.warehouse import clocks, tables
from tests.integration.conftest import Whole

START = date(2024, 1, 1)
FOREVER = date(9999, 12, 31)


@dataclass(frozen=True)
class Statement:
    """A figure of one of two cells by one of two publishers, in a release of its own; days count from ``START``."""

    cell: int
    publisher: str
    value: int
    bound: str
    published: int | None
    recorded: int
    replaced: int | None = None
    corrected: int | None = None
    """Day on which its value was declared to be ten times the printed one."""


@dataclass(frozen=True)
class Seen:
    """What a clock shows of a statement: which one of the list, its value, and whether it is the cell's current one."""

    number: int
    value: int
    is_current: bool


def day(number: int) -> date:
    return START + timedelta(days=number)


statements = st.builds(
    Statement,
    cell=st.integers(1, 2),
    publisher=st.sampled_from(["producer", "press"]),
    value=st.integers(1, 5),
    bound=st.sampled_from(["EQ", "EQ", "EQ", "GE"]),
    published=st.none() | st.integers(0, 20),
    recorded=st.integers(20, 40),
    replaced=st.none() | st.integers(20, 45),
    corrected=st.none() | st.integers(15, 45),
).map(lambda each: replace(each, replaced=None) if each.replaced is not None and each.replaced < each.recorded else each)


def expected(told: list[Statement], on: date, *, clock: str) -> set[Seen]:
    """What a clock must show, by the words of the documentation: sorted, first of each publisher, first of all."""
    shown: set[Seen] = set()
    for cell in (1, 2):
        visible = []
        for number, each in enumerate(told):
            corrected = each.corrected is not None and (clock == "published" or on >= day(each.corrected))
            recorded, replaced = day(each.recorded), None if each.replaced is None else day(each.replaced)
            if clock == "known":
                seen = recorded <= on and (replaced is None or on < replaced)
            else:
                # Without a date it was public when it was read, the day on which it was recorded.
                seen = replaced is None and (recorded if each.published is None else day(each.published)) <= on
            if each.cell == cell and seen:
                order = (
                    each.bound != "EQ",
                    each.publisher != "producer",
                    # The figures are of 2023: of a document without a date it is known that it is not older.
                    -(date(2023, 1, 1) if each.published is None else day(each.published)).toordinal(),
                    -recorded.toordinal(),
                    number,
                )
                visible.append((order, number, each, each.value * 10 if corrected else each.value))
        visible.sort()
        first_of: dict[str, tuple[int, int]] = {}
        for _, number, each, value in visible:
            first_of.setdefault(each.publisher, (number, value))
        shown |= {Seen(number, value, number == visible[0][1]) for number, value in first_of.values()}
    return shown


_VIEWS = {
    "stg_releases": "staging", "base_observations": "intermediate", "base_targets": "intermediate", "stg_observations": "staging",
}  # fmt: skip
_TABLES = {"int_observation_vintages": "intermediate", "int_current_observations": "intermediate"}


class Stage:
    """An empty warehouse with the real models about observations and the real macros, filled by each example."""

    def __init__(self, compiled: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as marsad; use marsad")
        tables.create(self.connection)
        for schema in ("staging", "intermediate", "reference"):
            self.connection.execute(f"create schema {schema}")
        self.connection.execute(
            "create table reference.corrections (correction varchar, dataset varchar, release varchar, document varchar, "
            "corrected_column varchar, target_id varchar, definition varchar, ref_area varchar, urbanisation varchar, "
            "breakdown varchar, time_period varchar, printed_value varchar, corrected_value varchar, declared_on date);"
            "create table reference.publishers as select * from (values ('producer', 1), ('press', 4)) as t(publisher, precedence);"
            "create table reference.conventions as select 'bound_tolerance_share' as convention, '0.10' as value"
        )
        self.models = {name: next(compiled.rglob(f"{name}.sql")).read_text(encoding="utf-8") for name in _VIEWS | _TABLES}
        for name, schema in _VIEWS.items():
            self.connection.execute(f"create or replace view {schema}.{name} as {self.models[name]}")
        self.build()
        clocks.define(self.connection)

    def build(self) -> None:
        for name, schema in _TABLES.items():
            self.connection.execute(f"create or replace table {schema}.{name} as {self.models[name]}")

    def fill(self, told: list[Statement]) -> None:
        for table in ("raw.observations", "raw.releases", "reference.corrections"):
            self.connection.execute(f"delete from {table}")
        for number, each in enumerate(told):
            published = None if each.published is None else day(each.published)
            recorded = datetime.combine(day(each.recorded), datetime.min.time()) + timedelta(hours=9)
            name = f"r{number}"
            self.connection.execute(
                "insert into raw.releases by name select 'd' as dataset, $name as release, 'ACCEPTED' as status, "
                "$recorded as recorded_at",
                {"name": name, "recorded": recorded},
            )
            if each.replaced is not None:
                self.connection.execute(
                    "insert into raw.releases by name select 'd' as dataset, $name || '.mended' as release, 'ACCEPTED' as status, "
                    "$mended as recorded_at, $name as replaces",
                    {"name": name, "mended": datetime.combine(day(each.replaced), datetime.min.time())},
                )
            self.connection.execute(
                "insert into raw.observations by name select $name as observation_id, $cell as cell_id, 'i' as indicator, "
                "'x' as definition, 'STOCK' as freq_class, date '2023-12-31' as period_start, date '2023-12-31' as period_end, "
                "'MA' as ref_area, '_T' as urbanisation, '_T' as breakdown, $value as obs_value, 'JOBS' as unit_measure, "
                "0 as unit_mult, 0 as decimals, '2023' as time_period, 'STOCK' as flow, $bound as bound, 'A' as obs_status, "
                "'d' as dataset, $publisher as publisher, $name as document, $name as release, 1 as release_row, "
                "$published as published_on, $not_after as published_not_after, $recorded as recorded_at",
                {
                    "name": name,
                    "cell": str(each.cell),
                    "value": str(each.value),
                    "bound": each.bound,
                    "publisher": each.publisher,
                    "published": published,
                    "not_after": published or day(each.recorded),
                    "recorded": recorded,
                },
            )
            if each.corrected is not None:
                self.connection.execute(
                    "insert into reference.corrections values "
                    "($c, 'd', $r, null, 'obs_value', null, 'x', 'MA', '_T', '_T', '2023', $printed, $right, $on)",
                    {
                        "c": f"c{number}",
                        "r": name,
                        "printed": str(each.value),
                        "right": f"{each.value}0",
                        "on": day(each.corrected),
                    },
                )

        self.build()

    def seen(self, clock: str, on: date) -> set[Seen]:
        found = self.connection.execute(
            f"select observation_id, value, is_current from observations_as_{clock}($on)", {"on": on}
        ).fetchall()
        assert len({row[0] for row in found}) == len(found)
        return {Seen(int(name.removeprefix("r")), int(value), current) for name, value, current in found}


@pytest.fixture(scope="module")
def stage(whole: Whole) -> Iterator[Stage]:
    made = Stage(whole.settings.dbt_target / "compiled")
    yield made
    made.connection.close()


TEN = Statement(1, "producer", 10, "EQ", published=60, recorded=64)
TWELVE = Statement(1, "producer", 12, "EQ", published=152, recorded=171)


def test_ten_then_twelve(stage: Stage) -> None:
    """10 published 2024-03-01 and recorded 03-05; revised to 12 published 2024-06-01 and recorded 06-20."""
    assert (day(60), day(64), day(152), day(171)) == (date(2024, 3, 1), date(2024, 3, 5), date(2024, 6, 1), date(2024, 6, 20))
    stage.fill([TEN, TWELVE])

    assert stage.seen("published", date(2024, 6, 10)) == {Seen(1, 12, True)}
    assert stage.seen("known", date(2024, 6, 10)) == {Seen(0, 10, True)}
    assert stage.seen("known", date(2024, 3, 4)) == set()
    assert stage.seen("known", date(2024, 3, 5)) == {Seen(0, 10, True)}
    assert stage.seen("known", FOREVER) == {Seen(1, 12, True)}


def test_an_old_release_that_comes_late_overrides_nothing(stage: Stage) -> None:
    stage.fill([replace(TEN, recorded=300), TWELVE])

    assert stage.seen("known", FOREVER) == stage.seen("published", FOREVER) == {Seen(1, 12, True)}
    assert stage.seen("published", date(2024, 5, 1)) == {Seen(0, 10, True)}


def test_a_mended_slip_is_known_until_it_was_mended(stage: Stage) -> None:
    stage.fill([replace(TEN, replaced=171), replace(TEN, value=11, recorded=171)])

    assert stage.seen("known", date(2024, 6, 19)) == {Seen(0, 10, True)}
    assert stage.seen("known", date(2024, 6, 20)) == {Seen(1, 11, True)}
    # What was public never was our slip.
    assert stage.seen("published", date(2024, 3, 1)) == {Seen(1, 11, True)}


def test_a_correction_is_known_from_the_day_it_was_declared(stage: Stage) -> None:
    stage.fill([replace(TEN, corrected=171)])

    assert stage.seen("known", date(2024, 6, 19)) == {Seen(0, 10, True)}
    assert stage.seen("known", date(2024, 6, 20)) == {Seen(0, 100, True)}


@settings(max_examples=15)
@given(st.lists(statements, max_size=7), st.lists(st.integers(-1, 50), min_size=2, max_size=2))
@example([TEN, TWELVE], [161, 63])
def test_both_clocks_on_random_vintages(stage: Stage, told: list[Statement], days: list[int]) -> None:
    stage.fill(told)

    for on in [*map(day, days), FOREVER]:
        for clock in ("published", "known"):
            assert stage.seen(clock, on) == expected(told, on, clock=clock), (clock, on)
    current = stage.connection.execute("select observation_id, value from intermediate.int_current_observations").fetchall()
    assert {(int(name[1:]), int(value)) for name, value in current} == {
        (each.number, each.value) for each in stage.seen("known", FOREVER) if each.is_current
    }


# All the real data


def test_the_latest_day_shows_what_the_marts_show(whole: Whole) -> None:
    for clock in clocks.MACROS[:2]:
        differing = whole.connection.execute(
            f"select observation_id from (from {clock}(date '9999-12-31') where is_current) as seen "
            "full join intermediate.int_current_observations as marts using (observation_id) "
            "where (seen.cell_id, seen.value, seen.value_lower, seen.value_upper, seen.correction) is distinct from "
            "(marts.cell_id, marts.value, marts.value_lower, marts.value_upper, marts.correction) limit 5"
        ).fetchall()
        assert differing == []
    targets = "target_id, value, value_lower, value_upper, correction, superseded_by, is_standing"
    for clock in clocks.MACROS[2:]:
        known, marts = f"select {targets} from {clock}(date '9999-12-31')", f"select {targets} from marts.strategy_targets"
        assert whole.connection.execute(f"({known} except all {marts}) union all ({marts} except all {known})").fetchall() == []
        assert whole.connection.execute(f"select count(*) > 80 from {clock}(date '9999-12-31')").fetchall() == [(True,)]


def test_before_the_first_release_nothing_was_known(whole: Whole) -> None:
    for clock in ("observations_as_known", "targets_as_known"):
        assert whole.connection.execute(f"select count(*) from {clock}(date '2026-11-21')").fetchall() == [(0,)]


def test_macros_work_under_the_attached_name(whole: Whole) -> None:
    """As `marsad attach` attaches it, beside a database of the analyst's own; each macro says what its rows are."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{whole.settings.published.resolve()}' as marsad (read_only); use marsad")
        for name in clocks.MACROS:
            [(rows,)] = connection.execute(f"select count(*) from {name}(date '2026-12-31')").fetchall()
            assert rows > 80
        said = connection.execute("select function_name, comment from duckdb_functions() where function_type = 'table_macro'")
        comments = dict(said.fetchall())
    assert all(comments[name].startswith("One row per ") for name in clocks.MACROS)
