"""Publishing: a verified copy, then the switch of one link; readers never notice, and there is a way back."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import duckdb
import pytest

from pipelines.warehouse import publication, reading
from pipelines.warehouse.publication import NothingPublished, Publication, PublicationRefused
from tests.house import House, build, move

COUNT = "select count(*) from raw.observations"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A small clean draft with a mart, a view and a macro on top, as the models leave it."""
    house = build(tmp_path_factory.mktemp("loaded"))
    house.load(house.bring("ecosystem/startups"), house.bring("strategy/offshoring_park_plans"))
    house.execute(
        """
        create schema marts;
        create table marts.figures as select observation_id, obs_value from marsad.raw.observations;
        comment on table marts.figures is 'One row per observation.';
        create view marts.figures_view as select * from marsad.marts.figures;
        create macro marts.figures_at(n) as table select * from marsad.marts.figures_view limit n;
        """
    )
    return house


@pytest.fixture
def house_with_a_draft(loaded: House, tmp_path: Path) -> House:
    """A copy of that house, for one test to publish from."""
    return move(loaded, tmp_path)


def publish(house: House, digit: str = "a", **manifest: object) -> Publication:
    return publication.publish(house.settings, digit * 64, manifest)


def grow(house: House) -> None:
    """One more observation in the draft."""
    house.execute(
        """
        insert into raw.observations
        select * replace (sha256(observation_id) as observation_id) from raw.observations order by recorded_at desc limit 1
        """
    )


def answer(house: House, sql: str) -> object:
    with reading.reader(house.settings) as connection:
        return connection.execute(sql).fetchone()


def test_before_the_first_publication_readers_are_told_so(house: House) -> None:
    assert publication.current(house.settings) is None
    with pytest.raises(NothingPublished, match="marsad refresh"), reading.reader(house.settings):
        pytest.fail("opened nothing")
    with pytest.raises(NothingPublished, match="marsad refresh"):
        publication.rollback(house.settings)


def test_a_publication_is_a_folder_and_the_link_points_at_it(house_with_a_draft: House) -> None:
    settings = house_with_a_draft.settings

    made = publish(house_with_a_draft, git_revision="abc", checks={"passed": 7})

    assert made.name == "000001-aaaaaaaaaaaa"
    assert settings.current.is_symlink()
    assert os.readlink(settings.current) == f"publications/{made.name}"  # the warehouse can be moved
    assert settings.published.resolve() == made.file
    assert publication.current(settings) == made
    assert sorted(path.name for path in made.folder.iterdir()) == ["manifest.json", "marsad.duckdb"]
    said = json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))
    assert said == made.manifest
    assert {key: said[key] for key in ("publication", "fingerprint", "git_revision", "checks")} == {
        "publication": made.name, "fingerprint": "a" * 64, "git_revision": "abc", "checks": {"passed": 7},
    }  # fmt: skip
    assert said["rows"]["raw.observations"] == said["rows"]["marts.figures"] == 1
    assert said["rows"]["raw.targets"] == 4
    assert said["rows"]["reference.publication"] == 1


def test_nobody_can_open_it_for_writing_by_mistake(house_with_a_draft: House) -> None:
    made = publish(house_with_a_draft)

    assert stat.S_IMODE(made.folder.stat().st_mode) == 0o555
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.folder.iterdir()} == {0o444}


def test_it_is_readable_by_the_name_marsad_with_its_views_and_comments(house_with_a_draft: House) -> None:
    publish(house_with_a_draft)

    with duckdb.connect() as analyst:
        analyst.execute(reading.attach_statement(house_with_a_draft.settings))
        assert analyst.execute("select count(*) from marsad.marts.figures_view").fetchone() == (1,)
        assert analyst.execute("select count(*) from marts.figures_at(5)").fetchone() == (1,)
        assert analyst.execute("select publication, observations, targets from marsad.reference.publication").fetchall() == [
            ("a" * 12, 1, 4)
        ]
        assert analyst.execute("select comment from duckdb_tables() where table_name = 'figures'").fetchone() == (
            "One row per observation.",
        )
        uncommented = analyst.execute(
            "select column_name from duckdb_columns() where table_name = 'publication' and comment is null"
        ).fetchall()
        assert uncommented == []
        with pytest.raises(duckdb.Error):
            analyst.execute("delete from marsad.raw.observations")


def test_the_pipeline_s_own_schema_is_not_published(house_with_a_draft: House) -> None:
    publish(house_with_a_draft)

    assert answer(house_with_a_draft, "select count(*) from duckdb_schemas() where schema_name = 'pipeline'") == (0,)


def test_the_file_opens_with_older_clients(house_with_a_draft: House) -> None:
    publish(house_with_a_draft)

    said = answer(house_with_a_draft, "select tags['storage_version'] from duckdb_databases() where database_name = 'marsad'")

    assert re.match(r"v1\.0\.0", str(said[0]))


def test_publishing_leaves_the_draft_as_it_was(house_with_a_draft: House) -> None:
    publish(house_with_a_draft)
    publish(house_with_a_draft, "b")

    assert house_with_a_draft.rows("select condition from pipeline.state") == [("clean",)]
    assert house_with_a_draft.rows(COUNT) == [(1,)]


def test_a_reader_keeps_what_it_opened_and_the_next_one_gets_the_new(
    house_with_a_draft: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_with_a_draft
    monkeypatch.setattr(publication, "KEPT", 1)  # the early reader's file is pruned while it reads
    first = publish(house)
    with reading.reader(house.settings) as early:
        assert early.execute(COUNT).fetchone() == (1,)
        grow(house)
        publish(house, "b")

        assert not first.folder.exists()
        assert answer(house, COUNT) == (2,)
        assert early.execute(COUNT).fetchone() == (1,)
        assert early.execute("select obs_value from marts.figures_view").fetchone() == ("380",)


def test_the_last_five_are_kept(house_with_a_draft: House) -> None:
    settings = house_with_a_draft.settings
    names = [publish(house_with_a_draft, digit).name for digit in "123456"]

    assert [int(name[:6]) for name in names] == list(range(1, 7))
    assert sorted(path.name for path in settings.publications.iterdir()) == names[-5:]
    assert [each.name for each in publication.publications(settings)] == names[-5:]


def test_a_copy_that_does_not_hold_what_the_draft_holds_is_not_published(
    house_with_a_draft: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = house_with_a_draft
    good = publish(house)
    copy = publication._copy

    def lossy(draft: Path, file: Path, fingerprint: str) -> dict[str, int]:
        rows = copy(draft, file, fingerprint)
        with duckdb.connect(file) as connection:
            connection.execute("delete from raw.targets where target_id = (select min(target_id) from raw.targets)")
        return rows

    monkeypatch.setattr(publication, "_copy", lossy)
    with pytest.raises(PublicationRefused, match=r"raw\.targets: 4 expected, 3 found"):
        publish(house, "b")

    assert publication.current(house.settings) == good
    assert [each.name for each in publication.publications(house.settings)] == [good.name]
    monkeypatch.undo()
    assert publish(house, "b").name == "000002-bbbbbbbbbbbb"


@pytest.mark.parametrize("step", ["_copy", "_verify", "_write_durably", "_switch"])
def test_a_failure_at_any_step_leaves_readers_what_they_had(
    house_with_a_draft: House, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    house = house_with_a_draft
    good = publish(house)

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(publication, step, full)
        with pytest.raises(OSError, match="No space left"):
            publish(house, "b")

    assert publication.current(house.settings) == good
    assert answer(house, COUNT) == (1,)
    # The next run needs nobody, and takes away what was left half-built.
    after = publish(house, "c")
    assert publication.current(house.settings) == after
    assert not list(house.settings.publications.glob(".*"))


def test_what_a_killed_publication_left_is_swept(house_with_a_draft: House) -> None:
    settings = house_with_a_draft.settings
    publish(house_with_a_draft)
    for name in (".building-000002-bbbbbbbbbbbb", ".building-removing-000001-cccccccccccc"):
        left = settings.publications / name
        left.mkdir()
        (left / "marsad.duckdb").write_bytes(b"half")
        (left / "marsad.duckdb").chmod(0o444)
        left.chmod(0o555)

    publication.sweep(settings)

    assert [path.name for path in settings.publications.iterdir()] == ["000001-aaaaaaaaaaaa"]


def test_rolling_back_takes_the_one_before_and_remembers_why_not(house_with_a_draft: House) -> None:
    house = house_with_a_draft
    first = publish(house, "1")
    grow(house)
    second = publish(house, "2")

    left, taken = publication.rollback(house.settings)

    assert (left, taken) == (second, first)
    assert publication.current(house.settings) == first
    assert answer(house, COUNT) == (1,)
    assert publication.withdrawn(house.settings) == {"2" * 64}
    with pytest.raises(NothingPublished, match="no publication before 000001-111111111111"):
        publication.rollback(house.settings)

    publication.readmit(house.settings, "2" * 64)
    assert publication.withdrawn(house.settings) == set()
    # The ordinal goes on: a name is never used twice.
    assert publish(house, "3").name == "000003-333333333333"


def test_rolling_back_to_a_name(house_with_a_draft: House) -> None:
    names = [publish(house_with_a_draft, digit).name for digit in "123"]

    publication.rollback(house_with_a_draft.settings, names[0])

    assert publication.current(house_with_a_draft.settings).name == names[0]
    with pytest.raises(NothingPublished, match=f"kept: {names[1]}, {names[2]}"):
        publication.rollback(house_with_a_draft.settings, "000009-999999999999")


def test_the_last_intact_one_is_the_readers_own_or_the_newest_that_is_as_it_was_published(house_with_a_draft: House) -> None:
    house = house_with_a_draft
    assert publication.last_intact(house.settings) is None
    first = publish(house, "1")
    grow(house)
    second = publish(house, "2")
    assert publication.last_intact(house.settings) == second
    second.folder.chmod(0o755)
    second.file.chmod(0o644)
    with second.file.open("r+b") as file:
        file.seek(9000)
        file.write(b"flipped")
    assert publication.last_intact(house.settings) == first
    publication.rollback(house.settings)
    assert publication.last_intact(house.settings) == first
    assert publication.named(house.settings, first.name) == first
    with pytest.raises(NothingPublished, match=f"kept: {first.name}, {second.name}"):
        publication.named(house.settings, "000009-999999999999")


@pytest.mark.parametrize("damage", ["truncated", "replaced", "with a log"])
def test_nobody_is_rolled_back_to_a_damaged_file(house_with_a_draft: House, damage: str) -> None:
    house = house_with_a_draft
    first = publish(house, "1")
    grow(house)
    second = publish(house, "2")
    first.folder.chmod(0o755)
    first.file.chmod(0o644)
    if damage == "truncated":
        first.file.write_bytes(first.file.read_bytes()[:9000])
    elif damage == "replaced":
        first.file.write_bytes(second.file.read_bytes())
    else:
        first.file.with_name("marsad.duckdb.wal").write_bytes(b"")

    with pytest.raises(PublicationRefused):
        publication.rollback(house.settings)

    assert publication.current(house.settings) == second
    assert publication.withdrawn(house.settings) == set()


@pytest.mark.parametrize(
    ("note", "content"),
    [
        ("damage.json", "[]"),
        ("damage.json", '{"x": 1}'),
        ("damage.json", "{"),
        ("withdrawn.json", "5"),
        ("withdrawn.json", '"abc"'),
        ("withdrawn.json", '{"a": 1}'),
    ],
)
def test_a_note_of_another_shape_is_named(house: House, note: str, content: str) -> None:
    """Never taken for letters or keys of something else."""
    path = house.settings.warehouse / note
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")

    with pytest.raises(PublicationRefused, match=re.escape(str(path))):
        (publication.damage if note.startswith("damage") else publication.withdrawn)(house.settings)
