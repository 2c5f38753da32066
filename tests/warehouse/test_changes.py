"""What changed between two files, whatever tables and columns they have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets import read_sidecar, write_sidecar
from pipelines.warehouse import changes
from tests.house import OBSERVATION, House, build, figures, move

BAROMETER = "company_creation/ompic_barometer"
MODELS = """
create schema marts; create schema intermediate; create schema quality; create schema reference;
create table intermediate.int_current_observations as
    select cell_id, indicator, definition, ref_area, urbanisation, breakdown, time_period as period,
        obs_value::decimal(38, 12) as value, bound, null::decimal(38, 12) as value_lower, null::decimal(38, 12) as value_upper,
        obs_status, publisher, document
    from raw.observations;
create table quality.contradictions (
    row_key varchar primary key, basis varchar, kind varchar, indicator varchar, ref_area varchar, urbanisation varchar,
    breakdown varchar, period varchar, current_definition varchar, current_value decimal(38, 12), current_publisher varchar,
    current_document varchar, other_definition varchar, other_value decimal(38, 12), other_publisher varchar, other_document varchar
);
insert into quality.contradictions (row_key, kind, current_value) values ('old', 'TYPO', 1.5);
create table marts.strategy_progress (
    target_id varchar, method_code varchar, strategy varchar, indicator varchar, due_period varchar, verdict varchar,
    verdict_reason varchar, primary key (target_id, method_code)
);
insert into marts.strategy_progress values ('t', 'LINEAR', 's', 'i', '2030', 'ON_TRACK', 'so far'), ('u', 'LINEAR', 's', 'i', '2030', null, '');
create table marts.wide as select range as n, 'x' as said, 1 as going from range(100);
create table reference.units as select 'JOBS' as unit;
"""


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Three figures with tables on top of them as the models leave them."""
    house = build(tmp_path_factory.mktemp("before"))
    rows = [OBSERVATION | {"ref_area": area} for area in ("01", "02", "03")]
    house.write(house.bring(BAROMETER, releases=False), "undated__a.csv", figures("observation", rows))
    house.load(house.data_set(BAROMETER))
    house.execute(MODELS)
    return house


@pytest.fixture
def after(before: House, tmp_path: Path) -> House:
    return move(before, tmp_path)


def compared(before: House, after: House, *checks: dict[str, str]) -> dict[str, Any]:
    with changes.side_by_side(before.settings.draft, after.settings.draft) as connection:
        return changes.compare(connection, "000001-a", *(checks or ({}, {})))


def test_of_the_same_content_nothing_is_said(before: House, after: House) -> None:
    # The order of rows is nobody's business.
    after.execute(
        "create table shuffled as from marts.wide order by n desc; delete from marts.wide; insert into marts.wide from shuffled"
    )
    after.execute("drop table shuffled")
    found = compared(before, after, {"a": "passed", "b": "warned"}, {"a": "passed", "b": "warned", "c": "passed"})

    assert found == {"since": "000001-a"}
    assert changes.nothing_changed(found)
    assert changes.summary(found) == [("since", "000001-a: nothing changed")]


def test_releases_and_statements(before: House, after: House) -> None:
    data_set = after.data_set(BAROMETER)
    mended = figures("observation", [OBSERVATION | {"ref_area": area} for area in ("01", "02")])
    after.write(data_set, "undated__b.csv", mended, replaces="undated__a.csv", reason="a slip")
    after.write(data_set, "undated__c.csv", b"nonsense")
    after.load(data_set)

    found = compared(before, after)

    release = {"dataset": BAROMETER, "statements": 2, "release": "undated__b.csv"}
    assert found == {
        "since": "000001-a",
        "releases": {
            "added": {"count": 1, "listed": [release]},
            "refused": {"count": 1, "listed": [release | {"release": "undated__c.csv", "statements": 0}]},
            "replaced": {"count": 1, "listed": [
                release | {"release": "undated__a.csv", "statements": 3, "replaced_by": "undated__b.csv", "reason": "a slip"}
            ]},
        },
        "statements": [{"dataset": BAROMETER, "before": 3, "after": 5, "added": 2, "removed": 0, "changed": 0}],
    }  # fmt: skip
    back = compared(after, before)
    assert {what: said["count"] for what, said in back["releases"].items()} == {"removed": 2, "no longer replaced": 1}
    assert back["statements"] == [{"dataset": BAROMETER, "before": 5, "after": 3, "added": 0, "removed": 2, "changed": 0}]


def test_a_release_that_is_replaced_through_a_refused_one(before: House, after: House) -> None:
    """b was to mend a and is refused itself; c mends b, and so stands for a too."""
    data_set = after.data_set(BAROMETER)
    after.write(data_set, "undated__b.csv", b"nonsense", replaces="undated__a.csv", reason="a slip")
    after.write(
        data_set, "undated__c.csv", figures("observation", [OBSERVATION]), replaces="undated__b.csv", reason="was unreadable"
    )
    after.load(data_set)

    found = compared(before, after)["releases"]

    assert {what: [each["release"] for each in said["listed"]] for what, said in found.items()} == {
        "added": ["undated__c.csv"], "refused": ["undated__b.csv"], "replaced": ["undated__a.csv"],
    }  # fmt: skip
    [replaced] = found["replaced"]["listed"]
    assert (replaced["replaced_by"], replaced["reason"]) == ("undated__c.csv", "was unreadable")


def test_a_sidecar_that_says_something_else(before: House, after: House) -> None:
    path = after.data_set(BAROMETER).folder / "undated__a.csv"
    write_sidecar(path, read_sidecar(path) | {"note": "Read on the phone."})
    after.load(after.data_set(BAROMETER))

    found = compared(before, after)

    listed = {"dataset": BAROMETER, "release": "undated__a.csv", "statements": 3, "sidecar": "note: none -> Read on the phone."}
    assert found == {"since": "000001-a", "releases": {"other sidecar": {"count": 1, "listed": [listed]}}}
    assert not changes.nothing_changed(found)


def test_a_file_of_an_older_version_knows_less_of_its_releases(before: House, after: House) -> None:
    after.execute("alter table raw.releases drop column is_fetched")

    assert compared(after, before) == compared(before, after) == {"since": "000001-a"}


def test_a_data_set_that_is_gone_or_new(before: House, after: House) -> None:
    after.execute("delete from raw.observations; delete from raw.releases")

    gone = {"dataset": BAROMETER, "before": 3, "after": 0, "added": 0, "removed": 3, "changed": 0}
    assert compared(before, after)["statements"] == [gone]
    assert compared(after, before)["statements"] == [gone | {"before": 0, "after": 3, "added": 3, "removed": 0}]


def test_values_contradictions_verdicts_and_checks(before: House, after: House) -> None:
    after.execute(
        """
        update intermediate.int_current_observations set value = 3389.5, bound = 'GE', document = 'another' where ref_area = '02';
        update intermediate.int_current_observations set value = null where ref_area = '03';
        delete from quality.contradictions;
        insert into quality.contradictions (row_key, kind, indicator) values ('new', 'UNEXPLAINED', 'i');
        update marts.strategy_progress set verdict = 'OFF_TRACK' where target_id = 'u';
        update marts.strategy_progress set verdict_reason = 'other words' where target_id = 't';
        """
    )

    found = compared(before, after, {"a": "passed", "b": "warned", "c": "warned"}, {"a": "warned", "b": "passed", "d": "warned"})

    assert found["values"]["revised"]["count"] == 2
    first, second = found["values"]["revised"]["listed"]
    assert (first["ref_area"], first["value_before"], first["value_after"]) == ("02", "3388", "3389.5")
    assert (first["bound_after"], first["document_after"]) == ("GE", "another")
    assert (second["ref_area"], second["value_before"], "value_after" in second) == ("03", "3388", False)
    assert found["contradictions"] == {
        "closed": {"count": 1, "listed": [{"kind": "TYPO", "current_value": "1.5"}]},
        "opened": {"count": 1, "listed": [{"kind": "UNEXPLAINED", "indicator": "i"}]},
    }
    [verdict] = found["verdicts"]["changed"]["listed"]
    assert (verdict["target_id"], verdict.get("verdict_before"), verdict["verdict_after"]) == ("u", None, "OFF_TRACK")
    assert {what: [each["check"] for each in said["listed"]] for what, said in found["checks"].items()} == {
        "warned": ["a", "d"], "passed": ["b"], "not made": ["c"],
    }  # fmt: skip
    assert [(each["table"], each["changed"]) for each in found["tables"]] == [
        ("marts.strategy_progress", 2), ("quality.contradictions", 0),
    ]  # fmt: skip


def test_a_figure_that_is_repeated_opens_no_contradiction_anew(before: House, after: House) -> None:
    """Its statement is another, and so is the key of the pair."""
    after.execute("update quality.contradictions set row_key = 'of the repeated statement'")

    assert "contradictions" not in compared(before, after)

    after.execute("insert into quality.contradictions (row_key, kind, current_value) values ('a second one', 'TYPO', 1.5)")
    assert {what: said["count"] for what, said in compared(before, after)["contradictions"].items()} == {"opened": 1}


def test_tables_and_columns_that_only_one_has(before: House, after: House) -> None:
    after.execute(
        """
        alter table marts.wide drop column going;
        alter table marts.wide add column come integer;
        update marts.wide set said = 'y' where n < 3;
        drop table intermediate.int_current_observations;
        drop table quality.contradictions;
        create table marts.new as select 1 as n;
        insert into reference.units values ('JOBS');
        """
    )

    found = compared(before, after)

    assert found.keys() == {"since", "tables"}
    assert found["tables"] == [
        {"table": "marts.new", "is": "added", "before": None, "after": 1},
        {"table": "marts.wide", "before": 100, "after": 100, "added": 3, "removed": 3, "changed": 0,
         "columns_added": ["come"], "columns_removed": ["going"]},
        {"table": "quality.contradictions", "is": "removed", "before": 1, "after": None},
        {"table": "reference.units", "before": 1, "after": 2, "added": 1, "removed": 0, "changed": 0},
    ]  # fmt: skip
    said = dict(line.split(": ", 1) for what, line in changes.summary(found) if what == "tables")
    assert said["marts.wide"] == "3 added, 3 removed, columns +come -going (100 -> 100 rows)"
    assert said["marts.new"] == "table added (no -> 1 rows)"


def test_long_lists_are_cut_and_counted_whole(before: House, after: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_LISTED", 2)
    after.execute("update intermediate.int_current_observations set value = value + 1")

    found = compared(before, after)["values"]["revised"]

    assert (found["count"], [each["ref_area"] for each in found["listed"]]) == (3, ["01", "02"])
    assert "3 revised" in changes.headline(compared(before, after))
