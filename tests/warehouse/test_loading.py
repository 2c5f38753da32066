"""Loading: each release once, whole or refused; the same rows whatever the order, and ids that never change."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import datasets
from pipelines.datasets import DataSet, SealBroken, read_sidecar, release_paths, sidecar_path, write_sidecar
from pipelines.records import RECORDS, columns
from pipelines.sources import reader
from pipelines.warehouse import draft, loading, publication
from pipelines.warehouse.lock import WarehouseLocked, writer
from pipelines.warehouse.tables import TABLE_OF_KIND
from tests.house import FIXTURES, OBSERVATION, RECORDED, TARGET, House, Real, build, figures, move, unseal

EXAMPLES = int(os.environ.get("MARSAD_EXAMPLES") or 4)
"""Orders of arrival that are tried; by hand, hundreds."""

TABLES = ("observations", "targets", "events", "releases", "refused_rows", "datasets")
STARTUPS = "undated__press-figures-read-2026-11-22.csv"
SHARE = OBSERVATION | {
    "indicator": "ANRT.IND.SMARTPHONE", "definition": "ANRT.IND.SMARTPHONE@anrt_survey_individuals", "ref_area": "MA",
    "time_period": "2015", "freq": "A", "flow": "STOCK", "obs_value": "54.7", "unit_measure": "PERCENT", "publisher": "anrt",
    "document": "maghress-lesechos-157458",
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """One small data set in a clean draft."""
    house = build(tmp_path_factory.mktemp("loaded"))
    house.load(house.bring("ecosystem/startups"))
    return house


@pytest.fixture
def house(loaded: House, tmp_path: Path) -> House:
    """A copy of that house, for one test to change."""
    return move(loaded, tmp_path)


@pytest.fixture
def startups(house: House) -> DataSet:
    return house.data_set("ecosystem/startups")


def content(house: House) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every raw table, in the order of the values."""
    with duckdb.connect(house.settings.draft, read_only=True) as connection:
        return {table: connection.execute(f"select * from raw.{table} order by all").fetchall() for table in TABLES}


def assert_valid(house: House, kind: str) -> None:
    """What the check of the raw table asks before anything is published."""
    with duckdb.connect(house.settings.draft, read_only=True) as connection:
        frame = pl.from_arrow(
            connection.sql(f"select {', '.join(columns(kind))} from raw.{TABLE_OF_KIND[kind]}").to_arrow_table()
        )
    RECORDS[kind].validate(frame, lazy=True)


def cells(house: House, *rows: dict[str, str]) -> list[str]:
    """The cells of these statements, loaded as one release; statements that would be the same have locators."""
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    house.write(data_set, "undated__a.csv", figures("observation", [row | {"locator": f"{n}"} for n, row in enumerate(rows)]))
    outcome = house.load(data_set)[data_set.name]
    assert outcome.refused == {}
    return [
        cell
        for (cell,) in house.rows("select cell_id from raw.observations where dataset = ? order by release_row", [data_set.name])
    ]


def test_a_second_load_of_everything_adds_nothing(house: House, startups: DataSet) -> None:
    others = [house.bring("strategy/offshoring_park_plans"), house.bring("strategy/strategy_events")]
    house.load(startups, *others)
    before = content(house)

    again = house.load(startups, *others)

    assert [(each.added, len(each.kept), each.refused, each.rows_added) for each in again.values()] == [([], 1, {}, 0)] * 3
    assert content(house) == before


SHELF = (
    "connectivity/international_connectivity",
    "company_creation/ompic_barometer",
    "ecosystem/startups",
    "offshoring/exports",
    "strategy/offshoring_park_plans",
    "strategy/strategy_events",
)


@dataclass(frozen=True)
class Shelf:
    """Releases that may arrive, and what one load of all makes of them."""

    house: House
    paths: list[Path]
    content: dict[str, list[tuple[Any, ...]]]


def seal_at(path: Path, days: int) -> None:
    """Seal a release as recorded so many days after the day of the tests."""
    said = read_sidecar(path) | {"sha256": datasets.checksum(path), "recorded_at": RECORDED + timedelta(days=days)}
    write_sidecar(path, said)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Small real data sets of every kind, with releases that repeat, replace, fail, and dispute ids across data sets."""
    house = build(tmp_path_factory.mktemp("shelf"))
    data_sets = {name: house.bring(name) for name in SHELF}
    connectivity, startups = data_sets["connectivity/international_connectivity"], data_sets["ecosystem/startups"]
    first = release_paths(connectivity)[0]
    house.write(connectivity, "undated__again.csv", first.read_bytes())
    house.write(connectivity, "undated__aaa-mended.csv", first.read_bytes(), replaces="undated__again.csv", reason="a slip")
    house.write(connectivity, "undated__wrong.csv", first.read_bytes() + b"x\n")
    house.write(startups, "undated__lost.csv", figures("observation", [SHARE]), replaces="undated__no.csv", reason="never came")
    house.write(startups, "undated__code.csv", figures("observation", [SHARE | {"ref_area": "1"}]))
    plans, targets = data_sets["strategy/offshoring_park_plans"], house.bring("strategy/strategy_targets", releases=False)
    two = [TARGET, TARGET | {"target_id": "mn2013.other", "definition": TARGET["definition"], "due_period": "2012"}]
    for data_set, name, days, rows, replaces in (
        # a wins both ids; z, which has one of them, loses; so y keeps the other id of z, though recorded after it.
        (targets, "undated__a.csv", 1, two[:1], None),
        (plans, "undated__z.csv", 2, [*two[:1], two[1] | {"target_id": "mn2013.third"}], None),
        (targets, "undated__y.csv", 3, [two[1] | {"target_id": "mn2013.third"}], None),
        # What replaces takes the id over, and who replaces the same one later does not get it.
        (plans, "undated__c.csv", 1, two[1:], None),
        (plans, "undated__b.csv", 4, two[1:], "undated__c.csv"),
        (plans, "undated__d.csv", 5, two[1:], "undated__c.csv"),
        (targets, "undated__e.csv", 6, two[1:], None),
    ):  # fmt: skip
        said = {} if replaces is None else {"replaces": replaces, "reason": "a slip"}
        seal_at(house.write(data_set, name, figures("target", rows), sealed=False, **said), days)
    house.load(*data_sets.values(), targets)
    paths = [path for each in (*data_sets.values(), targets) for path in release_paths(each)]
    return Shelf(house, paths, content(house))


def test_the_shelf_has_what_it_should(shelf: Shelf) -> None:
    """Otherwise the property below would hold for less than it says."""
    refused = {(row[0].split("/")[1], row[1]) for row in shelf.content["refused_rows"]}

    assert refused == {
        ("international_connectivity", "undated__wrong.csv"), ("startups", "undated__lost.csv"),
        ("startups", "undated__code.csv"), ("offshoring_park_plans", "undated__z.csv"),
        ("offshoring_park_plans", "undated__d.csv"), ("strategy_targets", "undated__e.csv"),
    }  # fmt: skip
    kept = {(row[1], row[10]) for row in shelf.content["releases"]}
    assert {("undated__a.csv", "ACCEPTED"), ("undated__y.csv", "ACCEPTED"), ("undated__b.csv", "ACCEPTED")} <= kept
    assert {each: len(rows) > 0 for each, rows in shelf.content.items()} == dict.fromkeys(TABLES, True)


@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_the_order_of_arrival_changes_nothing(
    shelf: Shelf, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Releases arrive in any order, in any number of runs, some of them for a while unfit or with the whole rebuilt in between;
    whatever was refused until another arrived is taken up then. The content is that of one load of everything.
    """
    order = data.draw(st.permutations(shelf.paths))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order) - 1), max_size=3)))
    house = build(tmp_path_factory.mktemp("arriving"))

    for start, stop in zip([0, *cuts], [*cuts, len(order)], strict=True):
        for path in order[start:stop]:
            folder = house.settings.raw / path.parent.relative_to(shelf.house.settings.raw)
            folder.mkdir(parents=True, exist_ok=True)
            for file in (path, sidecar_path(path), path.parent / "dataset.yml"):
                shutil.copy2(file, folder)
        names = {path.parent.relative_to(shelf.house.settings.raw).as_posix() for path in order[:stop]}
        for _ in range(data.draw(st.integers(1, 2))):
            here = [house.data_set(name) for name in data.draw(st.permutations(sorted(names)))]
            house.load(*here, loader=data.draw(st.sampled_from(["the code of this test", "another code"])))

    assert content(house) == shelf.content


def test_the_ids_of_known_figures_never_change(real: Real) -> None:
    """Written down once: an id that changes breaks every citation of it."""
    known = real.connection.execute(
        """
        select cell_id, observation_id from raw.observations
        where document = 'lematin-dm2030-2024-09-25' and definition = 'offshoring_export_revenue@oc_old' and obs_value = '17.9'
        union all
        select cell_id, observation_id from raw.observations
        where indicator = 'hcp_rgph_households' and ref_area = '01.511' and urbanisation = 'R' and time_period = '2014-09'
        """
    ).fetchall()

    assert known == [
        ("2395c994e0d449d39c2fdf46937b9b8d", "8e3aacc5142fd15bd428e79b8cd11b9a029c45e9259a997dd003cefc04bcb235"),
        ("2607046563847b056d7c4f6479a09af6", "6ba9ac8ea4bcd5e9e42dc07c70f33fc8d5e7abab9fb0bc3fdc3b6e73ec5b1212"),
    ]


def test_an_id_is_the_checksum_of_a_list_anybody_can_write_down(real: Real) -> None:
    """The formula, computed again outside DuckDB over every figure that was typed by hand and some of the census."""
    cursor = real.connection.execute("select * from raw.observations where dataset not like '%hcp_rgph%' or release_row % 50 = 0")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def checksum(values: list[Any]) -> str:
        texts = [None if value is None else str(value) for value in values]
        return hashlib.sha256(json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()

    cell = [
        "indicator",
        "definition",
        "freq_class",
        "period_start",
        "period_end",
        "ref_area",
        "geo_version",
        "urbanisation",
        "breakdown",
    ]
    said = [
        "cell_id", "dataset", "release", "publisher", "document", "locator", "obs_value", "unit_measure", "unit_mult", "bound",
        "obs_lower", "obs_upper", "obs_status", "quote",
    ]  # fmt: skip
    assert len(rows) > 1_000
    for row in rows:
        undated = [row["document"] if row["period_end"] is None else None]
        assert row["cell_id"] == checksum([row[name] for name in cell] + undated)[:32], row
        assert row["observation_id"] == checksum([row[name] for name in said]), row


def test_one_cell_said_in_several_ways_by_several_publishers(house: House) -> None:
    half_year = OBSERVATION | {"time_period": "2022-01/2022-06"}
    ways = [
        half_year,
        half_year | {"flow": "FLOW"},
        half_year | {"flow": "FLOW", "time_period": "2022-S1"},
        half_year
        | {"publisher": "omtpme", "document": "le360-ompic-2022-03", "obs_value": "3.388", "unit_mult": "3", "bound": "GE"},
        half_year | {"obs_status": "P", "freq": "S"},
    ]

    assert len(set(cells(house, *ways))) == 1


def test_a_stock_of_a_year_is_that_of_its_last_day(house: House) -> None:
    ways = [SHARE | {"time_period": period} for period in ("2015", "2015-12", "2015-12-31", "2015-Q4", "2015-S2")]

    assert len(set(cells(house, *ways))) == 1


def test_cells_that_must_not_meet(house: House) -> None:
    others = [
        OBSERVATION,
        OBSERVATION | {"ref_area": "02"},
        OBSERVATION | {"ref_area": "MA"},
        OBSERVATION | {"urbanisation": "U"},
        OBSERVATION | {"breakdown": "LEGAL_FORM=LEGAL_PERSON"},
        OBSERVATION | {"time_period": "2022-01/2022-06"},
        OBSERVATION | {"time_period": "2022-02/2022-03", "flow": "FLOW"},
        OBSERVATION | {"time_period": "../2022-03", "flow": "CUM_SINCE"},
        OBSERVATION | {"time_period": "undated", "flow": "FLOW"},
        OBSERVATION | {"time_period": "undated", "flow": "FLOW", "document": "le360-ompic-2022-03"},  # about nothing they share
        SHARE,
        SHARE | {"definition": "ANRT.IND.SMARTPHONE@anrt_survey_mobile_5plus"},
    ]

    assert len(set(cells(house, *others))) == len(others)


def test_statements_that_differ_in_anything_said_are_each_kept(house: House) -> None:
    """Every part of the identity of an observation, changed by itself: none of them may swallow another."""
    ranged = {"obs_value": "", "obs_lower": "3000", "obs_upper": "4000"}
    changes: list[dict[str, str]] = [
        {}, {"publisher": "omtpme"}, {"document": "le360-ompic-2022-03"}, {"locator": "row 7"}, {"obs_value": "3388.0"},
        {"unit_mult": "3"}, {"bound": "GE"}, ranged, ranged | {"obs_lower": "3001"}, ranged | {"obs_upper": "4001"},
        {"obs_status": "P"}, {"quote": "3388"}, {"quote": "soit 3388"},
    ]  # fmt: skip
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    house.write(data_set, "undated__a.csv", figures("observation", [OBSERVATION | each for each in changes]))

    outcome = house.load(data_set)[data_set.name]

    assert (outcome.refused, outcome.rows_added) == ({}, len(changes))
    assert house.rows(
        "select count(distinct observation_id), count(distinct cell_id) from raw.observations where dataset = ?", [data_set.name]
    ) == [(len(changes), 1)]


def test_a_later_release_that_repeats_a_value_is_a_new_observation_of_the_same_cell(house: House) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    house.write(data_set, "undated__a.csv", figures("observation", [OBSERVATION]))
    house.load(data_set)
    house.write(data_set, "undated__b.csv", figures("observation", [OBSERVATION | {"comment": "Said again."}]))
    house.load(data_set)

    assert house.rows(
        "select count(*), count(distinct observation_id), count(distinct cell_id) from raw.observations where dataset = ?",
        [data_set.name],
    ) == [(2, 2, 1)]


def test_one_cell_printed_in_two_ways_in_one_document_is_told_apart_or_refused(house: House) -> None:
    data_set = house.bring("connectivity/anrt_household_survey", releases=False)
    house.write(data_set, "undated__a.csv", figures("observation", [SHARE, SHARE | {"time_period": "2015-12"}]))

    house.load(data_set)

    assert_valid(house, "observation")


def test_a_row_keeps_its_place_in_its_release(house: House) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    areas = ["12", "01", "07", "MA"]
    house.write(data_set, "undated__a.csv", figures("observation", [OBSERVATION | {"ref_area": area} for area in areas]))
    house.load(data_set)

    found = house.rows(
        "select release_row, ref_area from raw.observations where dataset = ? order by release_row", [data_set.name]
    )
    assert found == list(enumerate(areas, 1))


def damage_bytes(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"380", b"390"))


def damage_bytes_and_seal(path: Path) -> None:
    damage_bytes(path)
    sidecar = sidecar_path(path)
    text = sidecar.read_text(encoding="utf-8")
    sha = text.split("sha256: ")[1].splitlines()[0]
    sidecar.write_text(text.replace(sha, hashlib.sha256(path.read_bytes()).hexdigest()), encoding="utf-8")


@pytest.mark.parametrize("damage", [damage_bytes, damage_bytes_and_seal])
def test_an_accepted_release_with_other_bytes_is_an_error_naming_both_checksums(
    house: House, startups: DataSet, damage: Any
) -> None:
    path = startups.folder / STARTUPS
    house.write(
        startups,
        "2025__new.csv",
        figures("observation", [OBSERVATION]),
        published_on=date(2025, 1, 1),
        published_precision="YEAR",
    )
    before, sealed = content(house), hashlib.sha256(path.read_bytes()).hexdigest()
    damage(path)

    with pytest.raises(SealBroken) as broken:
        house.load(startups)

    for part in (str(path), sealed, hashlib.sha256(path.read_bytes()).hexdigest()):
        assert part in str(broken.value)
    # Nothing is loaded, not even what is new and good.
    assert content(house) == before


def test_an_accepted_release_that_is_gone_is_an_error(house: House, startups: DataSet) -> None:
    path = startups.folder / STARTUPS
    sealed, before = hashlib.sha256(path.read_bytes()).hexdigest(), content(house)
    path.unlink()
    sidecar_path(path).unlink()

    with pytest.raises(SealBroken, match=sealed):
        house.load(startups)

    assert content(house) == before


@pytest.mark.parametrize("tamper", ["other bytes", "gone"])
def test_a_draft_that_begins_again_takes_no_other_releases_than_readers_have(
    house: House, startups: DataSet, tamper: str
) -> None:
    """Bytes and seal changed together, or the release taken away with its sidecar: only a full rebuild takes that."""
    publication.publish(house.settings, "a" * 64, {"made_with": "other code"})
    path = startups.folder / STARTUPS
    if tamper == "gone":
        path.unlink()
        sidecar_path(path).unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\n")
        seal = read_sidecar(path)
        write_sidecar(path, seal | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()})
    house.settings.draft.unlink()

    for _ in range(2):
        # The second run finds the draft of the first.
        with pytest.raises(SealBroken, match=re.escape(str(path))):
            house.load(startups)
        assert house.rows("select count(*) from raw.releases where release = ?", [STARTUPS]) == [(0,)]

    house.begin(full=True)
    with draft.connect(house.settings) as connection:
        loading.load(connection, startups, reader(startups.reader), house.reference)


def test_an_id_that_is_disputed_makes_no_night_build_everything(house: House) -> None:
    targets, parks = (
        house.bring("strategy/strategy_targets", releases=False),
        house.bring("strategy/offshoring_park_plans", releases=False),
    )
    seal_at(house.write(targets, "undated__a.csv", figures("target", [TARGET]), sealed=False), 0)
    seal_at(house.write(parks, "undated__b.csv", figures("target", [TARGET]), sealed=False), 1)
    assert house.load(targets, parks)[parks.name].refused.keys() == {"undated__b.csv"}
    house.execute("delete from pipeline.unbuilt")

    assert house.load(targets, parks)[parks.name].refused.keys() == {"undated__b.csv"}

    assert house.rows("select dataset from pipeline.unbuilt where release is null") == []


@pytest.mark.parametrize("damage", [Path.unlink, lambda sidecar: sidecar.write_text("note: null\n")], ids=["gone", "garbled"])
def test_an_accepted_release_does_not_leave_the_warehouse_when_its_sidecar_is_damaged(
    house: House, startups: DataSet, damage: Any
) -> None:
    damage(sidecar_path(startups.folder / STARTUPS))
    with contextlib.suppress(SealBroken):
        house.load(startups)

    assert house.rows("select count(*) from raw.observations") == [(1,)]


def test_a_release_is_read_again_when_its_sidecar_says_that_it_was_fetched(house: House) -> None:
    """Then its own dates hold and not its document's: what a rebuild would make of it is made at once."""
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    said = {"published_on": date(2026, 11, 1), "published_precision": "DAY", "retrieved_on": date(2026, 11, 20)}
    path = house.write(data_set, "2026-11-01__a.csv", figures("observation", [OBSERVATION]), **said)
    house.load(data_set)
    dates = (
        "select is_fetched, published_not_after from raw.observations inner join raw.releases using (dataset, release) "
        f"where dataset = '{data_set.name}'"
    )
    [(_, documents)] = house.rows(dates)
    assert house.rows(dates) == [(False, documents)]
    assert documents != date(2026, 11, 1)

    answer = {"url": "https://example.org/a", "at": "2026-11-20T00:00:00Z", "status": 200, "headers": {}}
    write_sidecar(path, read_sidecar(path) | {"fetched": [answer]})
    house.load(data_set)

    assert house.rows(dates) == [(True, date(2026, 11, 1))]


def test_a_refused_release_may_be_replaced(house: House, startups: DataSet) -> None:
    path = house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION | {"obs_value": "3,388"}]))
    assert list(house.load(startups)["ecosystem/startups"].refused) == [path.name]
    assert house.rows("select count(*) from raw.refused_rows") == [(1,)]

    house.write(startups, path.name, figures("observation", [OBSERVATION]))

    outcome = house.load(startups)["ecosystem/startups"]
    assert (outcome.added, outcome.kept, outcome.refused) == ([path.name], [STARTUPS], {})
    assert house.rows("select count(*) from raw.refused_rows") == [(0,)]
    assert house.rows("select status, row_count from raw.releases where release = ?", [path.name]) == [("ACCEPTED", 1)]


@pytest.mark.parametrize("rows_at_once", [1, 40])
def test_in_whatever_pieces_releases_are_taken_the_tables_are_the_same(
    house: House, startups: DataSet, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    barometer = house.bring("company_creation/ompic_barometer")
    house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION | {"obs_value": "3,388"}]))
    house.load(startups, barometer)
    expected = content(house)

    monkeypatch.setattr(loading, "ROWS_AT_ONCE", rows_at_once)
    house.load(startups, barometer, loader="another loader")

    assert content(house) == expected


def test_a_refused_release_may_be_taken_away(house: House, startups: DataSet) -> None:
    path = house.write(startups, "undated__b.csv", b"")
    house.load(startups)
    path.unlink()
    sidecar_path(path).unlink()

    house.load(startups)

    assert house.rows("select count(*) from raw.refused_rows") == [(0,)]
    assert house.rows("select release from raw.releases") == [(STARTUPS,)]


def test_what_replaced_a_refused_release_that_was_taken_away_is_read_as_from_nothing(house: House, startups: DataSet) -> None:
    refused = house.write(startups, "undated__b.csv", b"")
    house.write(startups, "undated__c.csv", figures("observation", [OBSERVATION]), replaces=refused.name, reason="was empty")
    assert house.load(startups)["ecosystem/startups"].added == ["undated__c.csv"]
    refused.unlink()
    sidecar_path(refused).unlink()

    house.load(startups)

    incremental = content(house)
    house.begin(full=True)
    house.load(startups)
    assert content(house) == incremental
    assert house.rows("select release, status from raw.releases order by status") == [
        (STARTUPS, "ACCEPTED"), ("undated__c.csv", "REFUSED"),
    ]  # fmt: skip


def test_a_refused_release_mended_under_its_old_seal_stops_nobody(house: House, startups: DataSet) -> None:
    path = house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION | {"obs_value": "3,388"}]))
    house.load(startups)
    path.write_bytes(figures("observation", [OBSERVATION]))
    house.write(startups, "undated__c.csv", figures("observation", [OBSERVATION]))

    assert "undated__c.csv" in house.load(startups)["ecosystem/startups"].added


def test_a_release_refused_for_a_code_is_taken_up_when_the_seed_knows_it(house: House, startups: DataSet) -> None:
    path = house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION | {"publisher": "new-bureau"}]))
    assert list(house.load(startups)["ecosystem/startups"].refused) == [path.name]

    with (house.settings.seeds / "publishers.csv").open("a", encoding="utf-8") as seed:
        seed.write("new-bureau,Bureau,مكتب,Bureau,producer,1,\n")

    outcome = house.load(startups)["ecosystem/startups"]
    assert (outcome.added, outcome.kept) == ([path.name], [STARTUPS])


def test_a_release_without_a_seal_is_refused_with_the_command_that_seals(house: House, startups: DataSet) -> None:
    path = house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION]))
    unseal(path)

    outcome = house.load(startups)["ecosystem/startups"]

    assert [each.rule for each in outcome.refused[path.name]] == ["a sealed release with its sidecar"]
    assert "marsad add" in outcome.refused[path.name][0].message
    assert outcome.kept == [STARTUPS]


def test_a_slip_is_mended_by_a_release_that_replaces(house: House, startups: DataSet) -> None:
    mended = figures("observation", [OBSERVATION | {"obs_value": "3389"}])
    house.write(startups, "undated__mended.csv", mended, replaces=STARTUPS, reason="typed 380 for 3389")

    assert house.load(startups)["ecosystem/startups"].added == ["undated__mended.csv"]

    said = "select release, status, replaces, reason from raw.releases order by release"
    assert house.rows(said) == [
        ("undated__mended.csv", "ACCEPTED", STARTUPS, "typed 380 for 3389"),
        (STARTUPS, "ACCEPTED", None, None),
    ]


@pytest.mark.parametrize("replaced", ["undated__nobody.csv", "undated__b.csv"])
def test_a_release_replaces_another_one_of_its_data_set(house: House, startups: DataSet, replaced: str) -> None:
    house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION]), replaces=replaced, reason="a slip")

    outcome = house.load(startups)["ecosystem/startups"]

    assert replaced in outcome.refused["undated__b.csv"][0].message
    assert outcome.kept == [STARTUPS]


@pytest.mark.parametrize("kind", ["target", "event"])
def test_a_target_or_event_is_mended_under_its_own_id(house: House, kind: str) -> None:
    good = FIXTURES / "releases" / kind / "good.csv"
    data_set = house.bring({"target": "strategy/strategy_targets", "event": "strategy/strategy_events"}[kind], releases=False)
    house.write(data_set, "undated__a.csv", good.read_bytes())
    house.load(data_set)
    house.write(data_set, "undated__b.csv", good.read_bytes(), replaces="undated__a.csv", reason="digits swapped")

    assert house.load(data_set)[data_set.name].added == ["undated__b.csv"]
    assert_valid(house, kind)


@pytest.mark.parametrize(
    "other", ["strategy/strategy_targets", "strategy/offshoring_park_plans"], ids=["same data set", "another"]
)
@pytest.mark.parametrize("arriving", ["together", "in order", "the other way round"])
def test_an_id_is_kept_by_whoever_was_recorded_first(house: House, other: str, arriving: str) -> None:
    data_sets = {name: house.bring(name, releases=False) for name in sorted({"strategy/strategy_targets", other})}
    earlier, later = (
        (data_sets["strategy/strategy_targets"], "undated__z.csv", 0),
        (data_sets[other], "undated__b.csv", 1),
    )
    turns = {"together": [(earlier, later)], "in order": [(earlier,), (later,)], "the other way round": [(later,), (earlier,)]}
    for turn in turns[arriving]:
        for data_set, name, days in turn:
            seal_at(house.write(data_set, name, figures("target", [TARGET]), sealed=False), days)
        outcome = house.load(*data_sets.values())

    assert house.rows("select dataset, release from raw.targets") == [("strategy/strategy_targets", "undated__z.csv")]
    assert house.rows("select dataset, release, row_number, column_name, value, message from raw.refused_rows") == [
        (other, "undated__b.csv", 1, "target_id", TARGET["target_id"],
         "target_id is that of a row of strategy/strategy_targets/undated__z.csv: give it an id of its own, or mend that release "
         "with one that replaces it"),
    ]  # fmt: skip
    assert house.rows("select status, row_count from raw.releases where release = 'undated__b.csv'") == [("REFUSED", 0)]
    lost = {name for each in outcome.values() for name in (*each.refused, *each.elsewhere)}
    assert lost & {"undated__b.csv", f"{other}/undated__b.csv"}
    assert_valid(house, "target")


def change_yml(house: House, data_set: DataSet, before: str, after: str) -> DataSet:
    path = data_set.folder / "dataset.yml"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")
    return house.data_set(data_set.name)


def test_a_slice_read_in_another_way_is_made_anew(house: House, startups: DataSet) -> None:
    changed = change_yml(house, startups, "kind: observation", "kind: observation\noptions: {sheet: 2}")

    outcome = house.load(changed)["ecosystem/startups"]

    assert list(outcome.refused) == [STARTUPS]  # the figures format takes no options
    assert house.rows("select count(*) from raw.observations") == [(0,)]


def test_a_data_set_of_another_kind_leaves_no_records_of_the_old_one(house: House, startups: DataSet) -> None:
    house.load(change_yml(house, startups, "kind: observation", "kind: target"))

    assert house.rows("select count(*) from raw.observations") == [(0,)]


def test_what_a_data_set_says_of_itself_is_kept_up_to_date(house: House, startups: DataSet) -> None:
    house.load(change_yml(house, startups, "contact: ", "contact: the desk and "))

    assert [row[0][:13] for row in house.rows("select contact from raw.datasets")] == ["the desk and "]


def test_one_data_set_s_load_leaves_the_others_alone(house: House, startups: DataSet) -> None:
    other = house.bring("strategy/offshoring_park_plans")
    house.load(other)
    before = house.rows("select * from raw.targets order by all")
    (startups.folder / STARTUPS).write_bytes(b"")

    with pytest.raises(SealBroken):
        house.load(startups)

    assert house.rows("select * from raw.targets order by all") == before


def test_a_run_that_fails_midway_leaves_the_slice_as_it_was(
    house: House, startups: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(house)
    house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION]))
    house.write(startups, "undated__c.csv", figures("observation", [OBSERVATION]))

    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.warehouse.loading.mark_made", power_cut)
    with pytest.raises(KeyboardInterrupt):
        house.load(startups)

    assert content(house) == before


def test_what_went_wrong_is_told_when_there_is_nothing_to_roll_back(
    house: House, startups: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB gives up the transaction by itself on a full disk."""
    house.write(startups, "undated__b.csv", figures("observation", [OBSERVATION]))

    def full(connection: duckdb.DuckDBPyConnection, *_: object) -> None:
        connection.execute("rollback")
        raise duckdb.IOException("No space left on device")

    monkeypatch.setattr("pipelines.warehouse.loading.mark_made", full)
    with pytest.raises(duckdb.IOException, match="No space left"):
        house.load(startups)


def test_the_second_writer_leaves(house: House) -> None:
    with (
        writer(house.settings.lock, "nightly"),
        pytest.raises(WarehouseLocked, match="run nightly"),
        writer(house.settings.lock, "mine"),
    ):
        pytest.fail("two writers at once")


def test_a_file_that_cannot_be_read_is_refused_and_the_others_load(
    house: House, startups: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rights that are wrong, or a bad sector: root reads everything, so the error is raised where the bytes are read."""
    path = house.write(startups, "undated__unreadable.csv", b"no matter what")
    readable = datasets.checksum

    def checksum(asked: Path) -> str:
        if asked == path:
            raise PermissionError(13, "Permission denied", str(asked))
        return readable(asked)

    monkeypatch.setattr(datasets, "checksum", checksum)
    monkeypatch.setattr(loading, "checksum", checksum)
    outcome = house.load(startups)["ecosystem/startups"]
    assert list(outcome.refused) == [path.name]
    assert "Permission denied" in outcome.refused[path.name][0].message
    assert house.rows("select sha256 from raw.releases where release = ?", [path.name]) == [("unreadable",)]
