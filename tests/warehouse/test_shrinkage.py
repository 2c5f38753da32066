"""What would vanish is found, allowed by threshold or by name, and told in one message."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.datasets import DataSetInvalid
from pipelines.warehouse import shrinkage
from pipelines.warehouse.changes import side_by_side
from pipelines.warehouse.shrinkage import Loss
from tests.house import OBSERVATION, TARGET, House, build, figures, move

BAROMETER, TARGETS = "company_creation/ompic_barometer", "strategy/strategy_targets"
TWO = [OBSERVATION, OBSERVATION | {"ref_area": "02", "time_period": "2022-01/2022-06"}]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two figures and a target, and two marts of them."""
    house = build(tmp_path_factory.mktemp("before"))
    house.write(house.bring(BAROMETER, releases=False), "undated__a.csv", figures("observation", TWO))
    house.write(house.bring(TARGETS, releases=False), "undated__t.csv", figures("target", [TARGET]))
    house.load(house.data_set(BAROMETER), house.data_set(TARGETS))
    house.execute(
        """
        create schema marts;
        create table marts.figures as select indicator, ref_area, time_period as period, obs_value from raw.observations;
        create table marts.empty as select 1 as n limit 0;
        """
    )
    return house


@pytest.fixture
def after(before: House, tmp_path: Path) -> House:
    return move(before, tmp_path)


def losses(before: House, after: House) -> list[Loss]:
    with side_by_side(before.settings.draft, after.settings.draft) as connection:
        return shrinkage.losses(connection)


def test_the_same_and_more_lose_nothing(before: House, after: House) -> None:
    assert losses(before, after) == []

    after.write(after.data_set(BAROMETER), "undated__b.csv", figures("observation", [OBSERVATION | {"ref_area": "03"}]))
    after.load(after.data_set(BAROMETER))
    after.execute("insert into marts.figures select * replace ('05' as ref_area) from marts.figures")
    assert losses(before, after) == []


def test_a_mended_release_with_fewer_rows_loses_what_it_no_longer_states(before: House, after: House) -> None:
    mended = figures("observation", TWO[:1])
    after.write(after.data_set(BAROMETER), "undated__b.csv", mended, replaces="undated__a.csv", reason="a slip")
    after.load(after.data_set(BAROMETER))

    assert losses(before, after) == [
        Loss(BAROMETER, "rows", 2, 1), Loss(BAROMETER, "areas", 2, 1, ("02",)),
        Loss(BAROMETER, "periods", 2, 1, ("2022-01-01/2022-06-30",)),
    ]  # fmt: skip


def test_what_mends_a_refused_release_stands_for_what_that_one_was_to_mend(before: House, after: House) -> None:
    data_set = after.data_set(BAROMETER)
    after.write(data_set, "undated__b.csv", b"nonsense", replaces="undated__a.csv", reason="a slip")
    after.load(data_set)
    assert losses(before, after) == []

    after.write(
        data_set, "undated__c.csv", figures("observation", TWO[:1]), replaces="undated__b.csv", reason="could not be read"
    )
    after.load(data_set)
    assert Loss(BAROMETER, "rows", 2, 1) in losses(before, after)


def test_as_many_rows_of_another_area_are_a_loss(before: House, after: House) -> None:
    other = figures("observation", [TWO[0], TWO[1] | {"ref_area": "03"}])
    after.write(after.data_set(BAROMETER), "undated__b.csv", other, replaces="undated__a.csv", reason="a slip")
    after.load(after.data_set(BAROMETER))

    assert losses(before, after) == [Loss(BAROMETER, "areas", 2, 1, ("02",))]


def test_a_data_set_or_a_mart_that_is_gone(before: House, after: House) -> None:
    after.execute(f"delete from raw.targets where dataset = '{TARGETS}'; drop table marts.empty; delete from marts.figures")

    assert losses(before, after) == [
        Loss(TARGETS, "rows", 1, 1), Loss(TARGETS, "indicators", 1, 1, (TARGET["indicator"],)),
        Loss(TARGETS, "areas", 1, 1, ("MA",)), Loss(TARGETS, "periods", 1, 1, ("2013",)),
        Loss("marts.empty", "rows", 1, 1),
        Loss("marts.figures", "rows", 2, 2), Loss("marts.figures", "indicators", 1, 1, ("company_creations",)),
        Loss("marts.figures", "areas", 2, 2, ("01", "02")),
        Loss("marts.figures", "periods", 2, 2, ("2022-01/2022-03", "2022-01/2022-06")),
    ]  # fmt: skip


def test_where_only_some_rows_may_differ_a_loss_among_them_is_told_of_the_whole(before: House, after: House) -> None:
    """A code that is gone from the rows of a night may stand in others: then nothing is lost."""
    only = {"raw.observations": "true", "marts.figures": "period = '2022-01/2022-06'"}

    def lost() -> list[Loss]:
        with side_by_side(before.settings.draft, after.settings.draft) as connection:
            return shrinkage.losses(connection, only)

    assert lost() == []
    after.execute("update marts.figures set ref_area = '01' where period = '2022-01/2022-06'")
    assert lost() == losses(before, after) == [Loss("marts.figures", "areas", 2, 1, ("02",))]
    after.execute("update marts.figures set ref_area = '02' where period = '2022-01/2022-03'")
    after.execute("insert into marts.figures select * replace ('01' as ref_area) from marts.figures")
    assert lost() == losses(before, after) == []
    after.execute(
        f"delete from raw.targets where dataset = '{TARGETS}'; delete from marts.figures where period = '2022-01/2022-06'"
    )
    assert lost() == losses(before, after)
    assert [each.name for each in lost()] == [*[TARGETS] * 4, "marts.figures"]


@pytest.mark.parametrize(
    ("lost", "before", "percent", "blocks"),
    [(1, 100, None, True), (1, 100, "1", False), (2, 100, "1", True), (29, 100, "29", False), (30, 100, "29.9", True),
     (7, 7, "100", False)],
)  # fmt: skip
def test_a_threshold_is_a_share_of_what_there_was(lost: int, before: int, percent: str | None, blocks: bool) -> None:
    found = [Loss("d/s", "rows", before, lost)]
    allowed = {} if percent is None else {"d/s": {"rows": Decimal(percent)}}

    assert bool(shrinkage.blocking(found, allowed, [])) is blocks
    assert shrinkage.blocking(found, {"d/s": {"areas": Decimal(100)}, "d/other": {"rows": Decimal(100)}}, ["d/other"]) == found
    assert shrinkage.blocking(found, {}, ["d/s"]) == []


def test_the_message_names_what_vanishes_and_what_to_do() -> None:
    codes = tuple(f"{n:02}" for n in range(20))
    said = shrinkage.message([Loss("d/s", "rows", 4000, 1200), Loss("d/s", "areas", 30, 20, codes)], "000001-a", full=True)

    assert said.splitlines()[:3] == [
        "the warehouse would have less than 000001-a:",
        "  d/s: 1,200 of 4,000 rows",
        f"  d/s: 20 of 30 areas: {', '.join(codes[:12])} and 8 more",
    ]
    assert "`marsad refresh --full --accept-shrinkage d/s`" in said


@pytest.mark.parametrize(
    "said", ["{rows: 5}", "{rows: 5 percent}", "{rows: 101 %}", "{rows: -1 %}", "{columns: 5 %}", "5 %", "{areas: true}"]
)
def test_a_threshold_that_cannot_be_read_is_an_error(house: House, said: str) -> None:
    path = house.bring(BAROMETER, releases=False).folder / "dataset.yml"
    good = path.read_text(encoding="utf-8")
    path.write_text(f"{good}may_shrink: {said}\n", encoding="utf-8")
    with pytest.raises(DataSetInvalid, match="may_shrink"):
        house.data_set(BAROMETER)

    path.write_text(f"{good}may_shrink: {{rows: 2.5 %, periods: 10%}}\n", encoding="utf-8")
    assert house.data_set(BAROMETER).may_shrink == {"rows": Decimal("2.5"), "periods": Decimal(10)}
