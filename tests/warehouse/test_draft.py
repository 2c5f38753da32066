"""The draft is a cache: kept while it is whole and right, begun again otherwise, with a sentence that says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from pipelines.datasets import DataSet
from pipelines.warehouse import draft, publication
from tests.house import LOADER, House, build, move


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """One small data set in a clean draft."""
    house = build(tmp_path_factory.mktemp("loaded"))
    house.load(house.bring("ecosystem/startups"))
    return house


@pytest.fixture
def house(loaded: House, tmp_path: Path) -> House:
    """A copy of that house, for one test to spoil."""
    return move(loaded, tmp_path)


@pytest.fixture
def data_set(house: House) -> DataSet:
    return house.data_set("ecosystem/startups")


def observations(house: House) -> int:
    return house.rows("select count(*) from raw.observations")[0][0]


def test_the_first_draft_begins_from_raw(tmp_path: Path) -> None:
    house = build(tmp_path)
    assert house.begin() == draft.Beginning("raw", "there is no draft yet")
    assert observations(house) == 0


def test_a_whole_draft_is_kept(house: House, data_set: DataSet) -> None:
    assert house.begin().origin == "kept"
    assert observations(house) == 1


def test_the_draft_is_dirty_from_the_first_write_to_the_last(house: House, data_set: DataSet) -> None:
    state = "select run, condition, loader from pipeline.state"
    assert house.rows(state) == [("a test", "clean", LOADER)]
    house.begin()
    assert house.rows(state) == [("a test", "dirty", LOADER)]
    draft.finish(house.settings)
    assert house.rows(state) == [("a test", "clean", LOADER)]


def cut_off(house: House) -> None:
    house.begin()


def overwritten(house: House) -> None:
    house.settings.draft.write_bytes(b"not a database, whatever its name" * 400)


def truncated(house: House) -> None:
    house.settings.draft.write_bytes(house.settings.draft.read_bytes()[:5000])


def without_state(house: House) -> None:
    house.execute("drop table pipeline.state")


def without_a_row_of_state(house: House) -> None:
    house.execute("delete from pipeline.state")


def removed(house: House) -> None:
    house.settings.draft.unlink()


def edit_seed(house: House, name: str, before: str, after: str) -> None:
    path = house.settings.seeds / f"{name}.csv"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def with_a_changed_seed_row(house: House) -> None:
    edit_seed(house, "documents", ",2024-09-25,DAY,", ",2024-09-26,DAY,")


def without_a_seed_row(house: House) -> None:
    edit_seed(house, "code_lists", "\nBOUND,LT_APPROX,", "\nBOUND,NEARLY,")


@pytest.mark.parametrize(
    ("happened", "why"),
    [
        (cut_off, "the last run was cut off while it wrote"),
        (overwritten, "the draft cannot be opened"),
        (truncated, "the draft cannot be"),
        (without_state, "the draft cannot be read"),
        (without_a_row_of_state, "the last run was cut off while it wrote"),
        (removed, "there is no draft yet"),
        (with_a_changed_seed_row, "the seed documents says something else of "),
        (without_a_seed_row, "the seed BOUND says something else of LT_APPROX now"),
    ],
)
def test_a_draft_that_cannot_be_trusted_begins_again(
    house: House, data_set: DataSet, happened: Callable[[House], None], why: str
) -> None:
    happened(house)

    beginning = house.begin()

    assert beginning.origin == "raw"
    assert beginning.why.startswith(why)
    assert observations(house) == 0
    # Nobody is needed: the same run goes on and has it all again.
    draft.finish(house.settings)
    house.load(data_set)
    assert observations(house) == 1


def test_other_code_that_makes_records_begins_again(house: House, data_set: DataSet) -> None:
    assert house.begin("other code") == draft.Beginning("raw", "readers or records have changed since")
    draft.finish(house.settings)
    assert house.begin("other code").origin == "kept"


def test_a_full_rebuild_begins_again(house: House, data_set: DataSet) -> None:
    assert house.begin(full=True) == draft.Beginning("raw", "a full rebuild was asked for")
    assert observations(house) == 0


def test_new_seed_rows_keep_the_draft(house: House, data_set: DataSet) -> None:
    header = (house.settings.seeds / "documents.csv").read_text(encoding="utf-8").splitlines()[0].split(",")
    new = {"document": "new-page", "published_precision": "UNKNOWN", "retrieved_on": "2026-12-01"}
    with (house.settings.seeds / "documents.csv").open("a", encoding="utf-8") as file:
        file.write(",".join(new.get(column, "") for column in header) + "\n")

    assert house.begin().origin == "kept"
    draft.finish(house.settings)

    # From now on that row counts too.
    edit_seed(house, "documents", "2026-12-01", "2026-12-02")
    assert house.begin().why == "the seed documents says something else of new-page now"


@pytest.mark.parametrize("made_by_the_same", [True, False])
def test_a_lost_draft_begins_from_the_published_file_if_that_was_made_the_same_way(
    house: House, data_set: DataSet, made_by_the_same: bool
) -> None:
    made_with = draft.made_with(LOADER, house.reference) if made_by_the_same else "other code"
    publication.publish(house.settings, "f" * 64, {"made_with": made_with})
    house.settings.draft.unlink()

    beginning = house.begin()

    assert beginning == draft.Beginning("published" if made_by_the_same else "raw", "there is no draft yet")
    assert observations(house) == (1 if made_by_the_same else 0)
    draft.finish(house.settings)
    loaded = house.load(data_set)[data_set.name]
    assert (len(loaded.added), len(loaded.kept)) == ((0, 1) if made_by_the_same else (1, 0))
    assert observations(house) == 1


def test_a_full_rebuild_does_not_begin_from_the_published_file(house: House, data_set: DataSet) -> None:
    publication.publish(house.settings, "f" * 64, {"made_with": draft.made_with(LOADER, house.reference)})

    assert house.begin(full=True).origin == "raw"
    assert observations(house) == 0


def test_what_made_the_draft_is_code_and_seeds(house: House) -> None:
    before = draft.made_with(LOADER, house.reference)

    assert draft.made_with("other code", house.reference) != before
    with_a_changed_seed_row(house)
    assert draft.made_with(LOADER, house.reference) != before


def test_nothing_is_left_in_a_log_between_runs(house: House, data_set: DataSet) -> None:
    assert [path.name for path in house.settings.draft.parent.iterdir()] == ["marsad.duckdb"]
    duckdb.connect(house.settings.draft).close()  # and nobody holds it open


def test_a_table_is_old_when_a_raw_slice_is_newer_or_it_was_made_from_other_models(house: House, data_set: DataSet) -> None:
    house.begin()
    with draft.connect(house.settings) as connection:
        assert draft.older_than_raw(connection, ["marts.a", "marts.b"], "models") == ["marts.a", "marts.b"]

        draft.mark_made(connection, "dbt", ["marts.a", "marts.b"], "models")
        assert draft.older_than_raw(connection, ["marts.a", "marts.b"], "models") == []
        assert draft.older_than_raw(connection, ["marts.a"], "other models") == ["marts.a"]
        assert draft.older_than_raw(connection, ["marts.c"], "models") == ["marts.c"]

        draft.mark_made(connection, "raw", [data_set.name], "recipe")
        assert draft.older_than_raw(connection, ["marts.a", "marts.b"], "models") == ["marts.a", "marts.b"]

        draft.mark_made(connection, "dbt", ["marts.b"], "models")
        assert draft.older_than_raw(connection, ["marts.a", "marts.b"], "models") == ["marts.a"]


def test_tables_that_no_model_makes_any_more_are_dropped(house: House) -> None:
    """A draft that is kept would otherwise publish what a rebuild from nothing does not have."""
    house.begin()
    house.execute(
        """
        create schema marts; create schema reference; create schema staging;
        create table marts.kept as select 1 as n; create table marts.renamed as select 1 as n;
        create table reference.publication as select 1 as n;
        create view staging.seen as from marts.renamed; create view staging.kept as from marts.kept;
        """
    )

    with draft.connect(house.settings) as connection:
        draft.drop_strangers(connection, ["marts.kept", "staging.kept"])

    assert house.rows(
        "select schema_name || '.' || table_name from duckdb_tables() where schema_name not in ('raw', 'pipeline') union all "
        "select schema_name || '.' || view_name from duckdb_views() where not internal order by all"
    ) == [("marts.kept",), ("reference.publication",), ("staging.kept",)]
    assert house.rows("select count(*) from raw.observations") == [(1,)]
