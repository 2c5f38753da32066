"""A published file that is not what was published: found by its checksum, set aside, and the last good one taken up again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.warehouse import publication, reading
from pipelines.warehouse.publication import Publication
from pipelines.warehouse.reading import PublicationDamaged
from tests.house import House, build, move

COUNT = "select count(*) from raw.observations"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Three publications of a small draft, each with one more row."""
    house = build(tmp_path_factory.mktemp("published"))
    house.load(house.bring("ecosystem/startups"))
    for digit in "123":
        publication.publish(house.settings, digit * 64, {"published_at": "now"})
        house.execute("insert into raw.observations select * replace (release || '+' as release) from raw.observations limit 1")
    return house


@pytest.fixture
def house(published: House, tmp_path: Path) -> House:
    return move(published, tmp_path)


def the(house: House, ordinal: int) -> Publication:
    [found] = [each for each in publication.publications(house.settings) if each.name.startswith(f"{ordinal:06d}")]
    return found


def writable(made: Publication) -> Path:
    made.folder.chmod(0o755)
    for path in made.folder.iterdir():
        path.chmod(0o644)
    return made.file


def one_bit(made: Publication) -> None:
    """In the middle of a block: DuckDB opens the file, and whoever does not read that block is answered."""
    file = writable(made)
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(held)


def truncated(made: Publication) -> None:
    file = writable(made)
    file.write_bytes(file.read_bytes()[:5000])


def removed(made: Publication) -> None:
    writable(made).unlink()


def with_a_log(made: Publication) -> None:
    writable(made).with_name("marsad.duckdb.wal").write_bytes(b"")


def without_its_manifest(made: Publication) -> None:
    writable(made)
    (made.folder / "manifest.json").write_text('{"publication": "0000', encoding="utf-8")


def with_a_manifest_of_something_else(made: Publication) -> None:
    writable(made)
    (made.folder / "manifest.json").write_text("[]", encoding="utf-8")


def with_a_manifest_that_lacks_a_key(made: Publication) -> None:
    writable(made)
    said = {key: value for key, value in made.manifest.items() if key != "published_at"}
    (made.folder / "manifest.json").write_text(json.dumps(said), encoding="utf-8")


def gone(made: Publication) -> None:
    writable(made)
    shutil.rmtree(made.folder)


def count(house: House) -> int:
    with reading.reader(house.settings) as connection:
        [(found,)] = connection.execute(COUNT).fetchall()
    return int(found)


@pytest.mark.parametrize(
    ("happened", "wrong"),
    [
        (one_bit, "its checksum is "),
        (truncated, "5000 bytes, and "),
        (removed, "cannot be read: No such file"),
        (with_a_log, "a write-ahead log stands beside it"),
        (without_its_manifest, "its manifest cannot be read"),
        (with_a_manifest_of_something_else, "its manifest cannot be read"),
        (with_a_manifest_that_lacks_a_key, "its manifest cannot be read"),
        (gone, "its folder is gone"),
    ],
)
def test_a_damaged_publication_gives_way_to_the_last_good_one(
    house: House, happened: Callable[[Publication], None], wrong: str
) -> None:
    settings, bad, good = house.settings, the(house, 3), the(house, 2)
    happened(bad)

    found = publication.mend(settings)

    assert found is not None
    assert (found.publication, found.instead) == (bad.name, good.name)
    assert wrong in found.wrong
    assert publication.current(settings) == good
    assert count(house) == 2
    # It is told until the next publication, whose manifest tells it for good, and under a name that was never used.
    assert publication.damage(settings) == publication.mend(settings) == found
    assert bad.name not in [each.name for each in publication.publications(settings)]
    after = publication.publish(settings, "3" * 64, {"published_at": "now"})
    assert after.name == "000004-333333333333"
    assert after.manifest["damage"] == vars(found)
    assert publication.mend(settings) is publication.damage(settings) is None
    assert "damage" not in publication.publish(settings, "4" * 64, {"published_at": "now"}).manifest


def test_a_whole_publication_is_left_alone(house: House) -> None:
    before = publication.current(house.settings)

    assert publication.mend(house.settings) is None
    assert publication.current(house.settings) == before


def test_before_the_first_publication_there_is_nothing_to_mend(tmp_path: Path) -> None:
    assert publication.mend(build(tmp_path).settings) is None


def test_the_good_one_is_looked_at_too(house: House) -> None:
    one_bit(the(house, 2))
    truncated(the(house, 3))

    found = publication.mend(house.settings)

    assert found is not None
    assert found.instead == the(house, 1).name
    assert count(house) == 1


def test_nobody_gets_what_a_person_went_back_from(house: House) -> None:
    """Taken back from 3 to 1, and 1 is damaged then: 2 and 3 are later, and 3 was withdrawn."""
    first = the(house, 1)
    publication.rollback(house.settings, first.name)
    one_bit(first)

    found = publication.mend(house.settings)

    assert found is not None
    assert found.instead is None
    with pytest.raises(PublicationDamaged, match="readers get nothing"), reading.reader(house.settings):
        pytest.fail("figures that nobody published")


def test_with_no_good_one_readers_get_nothing_rather_than_wrong_figures(house: House) -> None:
    for ordinal in (1, 2, 3):
        one_bit(the(house, ordinal))

    found = publication.mend(house.settings)

    assert found is not None
    assert found.instead is None
    with pytest.raises(PublicationDamaged, match=r"000003-333333333333 was found damaged .*`marsad refresh`"):
        count(house)
    assert publication.publish(house.settings, "3" * 64, {}).name == "000004-333333333333"
    assert count(house) == 4


def test_a_folder_in_the_place_of_the_link_is_moved_away(house: House) -> None:
    """As `cp -rL` leaves it: readers would stay on that copy for ever."""
    settings = house.settings
    copy = settings.current.resolve()
    settings.current.unlink()
    shutil.copytree(copy, settings.current)

    found = publication.mend(settings)

    assert found is not None
    assert "stands where the link" in found.wrong
    assert found.instead == copy.name
    assert settings.current.is_symlink()
    assert (settings.warehouse / ".damaged-current" / "marsad.duckdb").is_file()
    assert publication.publish(settings, "4" * 64, {}).name == "000004-444444444444"
    assert len(publication.publications(settings)) == 4


def test_readers_who_held_a_damaged_file_keep_it_until_they_leave(house: House) -> None:
    with reading.reader(house.settings) as early:
        one_bit(the(house, 3))
        publication.mend(house.settings)

        assert len(early.execute("select table_name from duckdb_tables()").fetchall()) > 5
        assert count(house) == 2


def test_only_the_last_damaged_one_is_kept_to_be_looked_at(house: House) -> None:
    for ordinal in (3, 2):
        one_bit(the(house, ordinal))
        publication.mend(house.settings)

    assert [path.name for path in house.settings.publications.glob(".damaged-*")] == [".damaged-000002-222222222222"]


def test_going_back_works_when_the_note_cannot_be_written(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk readers come first: an entry in a folder needs no room."""
    one_bit(the(house, 3))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(publication, "_write_durably", full)
        with pytest.raises(OSError, match="No space left"):
            publication.mend(house.settings)

    assert count(house) == 2


def test_a_note_that_cannot_be_read_is_an_error_and_no_guess(house: House) -> None:
    (house.settings.warehouse / "withdrawn.json").write_text('["33', encoding="utf-8")

    with pytest.raises(publication.PublicationRefused, match=r"withdrawn\.json: cannot be read"):
        publication.publish(house.settings, "5" * 64, {})
    assert json.loads((the(house, 3).folder / "manifest.json").read_text(encoding="utf-8")) == the(house, 3).manifest
    assert publication.current(house.settings) == the(house, 3)
