"""Filing a release: checked first, then placed and sealed; refused, nothing is left behind."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.datasets import DataSet, ReleaseInvalid, read_release, read_sidecar, release_paths, seal, sidecar_path
from pipelines.filing import ReleaseRefused, Sidecar, file_release
from pipelines.sources import ReaderUnknown
from tests.house import OBSERVATION, RETRIEVED, TARGET, House, figures

GOOD = figures("observation", [OBSERVATION])
DOCUMENT = OBSERVATION["document"]
BAD = figures("observation", [OBSERVATION | {"obs_value": "3,388"}])


@pytest.fixture
def data_set(house: House) -> DataSet:
    return house.bring("company_creation/ompic_barometer", releases=False)


def typed(tmp_path: Path, content: bytes, name: str = "my figures.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def test_a_known_document_gives_name_and_dates(house: House, data_set: DataSet, tmp_path: Path) -> None:
    file = typed(tmp_path, GOOD)

    release, statements = file_release(data_set, file, Sidecar(document="lematin-dm2030-2024-09-25"), house.reference, [data_set])

    assert statements == 1
    assert release.path == data_set.folder / "2024-09-25__lematin-dm2030-2024-09-25.csv"
    assert (release.published_on, release.published_precision, release.retrieved_on) == (date(2024, 9, 25), "DAY", RETRIEVED)
    assert release.path.read_bytes() == file.read_bytes() == GOOD
    assert read_release(data_set, release.path) == release
    assert house.load(data_set)[data_set.name].added == [release.name]


def test_nothing_is_read_in_the_future(house: House, data_set: DataSet, tmp_path: Path) -> None:
    """A refresh would refuse it, and with the seal on it would be there for good."""
    tomorrow_but_one = datetime.now(UTC).date() + timedelta(days=2)

    with pytest.raises(ReleaseRefused, match=f"the sidecar says it was read on {tomorrow_but_one}, and it was filed here on "):
        file_release(data_set, typed(tmp_path, GOOD), Sidecar(retrieved_on=tomorrow_but_one), house.reference, [data_set])

    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]


def test_without_a_document_the_file_names_the_release(house: House, data_set: DataSet, tmp_path: Path) -> None:
    said = Sidecar(retrieved_on=RETRIEVED, note="Read on the phone.", published_on=date(2024, 9, 1), published_precision="MONTH")

    release, _ = file_release(data_set, typed(tmp_path, GOOD), said, house.reference, [data_set])

    assert release.name == "2024-09__my-figures.csv"
    assert read_sidecar(release.path)["note"] == "Read on the phone."


def test_a_refused_file_leaves_nothing_behind(house: House, data_set: DataSet, tmp_path: Path) -> None:
    file = typed(tmp_path, BAD)

    with pytest.raises(ReleaseRefused) as refused:
        file_release(data_set, file, Sidecar(retrieved_on=RETRIEVED), house.reference, [data_set])

    assert [(each.row, each.column, each.value) for each in refused.value.problems] == [(1, "obs_value", "3,388")]
    for part in ("my-figures.csv", "row 1", "column obs_value", "'3,388'", "plain digits"):
        assert part in str(refused.value)
    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]
    assert file.read_bytes() == BAD


def test_an_unreadable_file_is_refused_the_same_way(house: House, data_set: DataSet, tmp_path: Path) -> None:
    with pytest.raises(ReleaseRefused, match="the file is empty"):
        file_release(data_set, typed(tmp_path, b""), Sidecar(retrieved_on=RETRIEVED), house.reference, [data_set])

    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (Sidecar(document="nobody-knows-it"), "'nobody-knows-it' is not in the documents seed"),
        (Sidecar(retrieved_on=RETRIEVED, replaces="undated__a.csv"), "replaces and reason go together"),
        (Sidecar(retrieved_on=RETRIEVED, published_precision="DAY"), "does not go with published_precision DAY"),
    ],
)
def test_a_sidecar_that_cannot_be_is_refused(house: House, data_set: DataSet, tmp_path: Path, said: Sidecar, says: str) -> None:
    with pytest.raises(ReleaseInvalid, match=says):
        file_release(data_set, typed(tmp_path, GOOD), said, house.reference, [data_set])

    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]


def test_a_release_that_replaces_nothing_known_is_not_filed(house: House, data_set: DataSet, tmp_path: Path) -> None:
    said = Sidecar(retrieved_on=RETRIEVED, replaces="undated__typo.csv", reason="a slip")

    with pytest.raises(ReleaseRefused, match=f"replaces 'undated__typo.csv', which is no other release of {data_set.name}"):
        file_release(data_set, typed(tmp_path, GOOD), said, house.reference, [data_set])


def test_a_release_is_filed_once(house: House, data_set: DataSet, tmp_path: Path) -> None:
    said = Sidecar(retrieved_on=RETRIEVED)
    release, _ = file_release(data_set, typed(tmp_path, GOOD), said, house.reference, [data_set])
    sidecar = sidecar_path(release.path).read_bytes()

    with pytest.raises(ReleaseInvalid, match="exists already"):
        file_release(data_set, typed(tmp_path, BAD), said, house.reference, [data_set])

    assert release.path.read_bytes() == GOOD
    assert sidecar_path(release.path).read_bytes() == sidecar


def test_a_file_already_in_place_is_checked_and_sealed_there(house: House, data_set: DataSet) -> None:
    path = house.write(data_set, "undated__a.csv", BAD, sealed=False)

    with pytest.raises(ReleaseRefused):
        file_release(data_set, path, Sidecar(), house.reference, [data_set])
    assert path.read_bytes() == BAD
    assert "sha256" not in read_sidecar(path)

    path.write_bytes(GOOD)
    release, _ = file_release(data_set, path, Sidecar(), house.reference, [data_set])
    assert release == read_release(data_set, path)


def test_a_file_among_the_releases_without_a_sidecar_is_added_from_elsewhere(house: House, data_set: DataSet) -> None:
    path = typed(data_set.folder, GOOD, "2022__barometer.csv")

    with pytest.raises(ReleaseInvalid, match="without a sidecar: move it away, and add it from there"):
        file_release(data_set, path, Sidecar(), house.reference, [data_set])

    assert path.read_bytes() == GOOD


def test_a_document_that_was_read_later_is_refused_by_name(house: House, data_set: DataSet, tmp_path: Path) -> None:
    seed = house.settings.seeds / "documents.csv"
    read = re.compile(rf"^({DOCUMENT},.*){RETRIEVED}", re.MULTILINE)
    seed.write_text(read.sub(r"\g<1>2999-01-01", seed.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(ReleaseRefused, match=f"the documents seed, of {DOCUMENT}, says it was read on 2999-01-01"):
        file_release(data_set, typed(tmp_path, GOOD), Sidecar(retrieved_on=RETRIEVED), house.reference, [data_set])


@pytest.mark.parametrize("other", ["strategy/strategy_targets", "strategy/offshoring_park_plans"])
def test_an_id_that_another_release_has_is_not_sealed(house: House, tmp_path: Path, other: str) -> None:
    """Loaded or not: what is sealed stays, and the refresh would refuse it every night."""
    shelf = {name: house.bring(name, releases=False) for name in ("strategy/strategy_targets", "strategy/offshoring_park_plans")}
    targets = shelf["strategy/strategy_targets"]
    house.write(shelf[other], "undated__first.csv", figures("target", [TARGET]))
    # What claims nothing is in nobody's way.
    house.write(targets, "undated__bad.csv", figures("target", [TARGET | {"target_id": "mn2013.new.2013", "unit_mult": "x"}]))
    rows = [TARGET | {"target_id": "mn2013.new.2013"}, TARGET]
    file = typed(tmp_path, figures("target", rows), "second.csv")
    before = sorted(targets.folder.iterdir())

    with pytest.raises(ReleaseRefused) as refused:
        file_release(targets, file, Sidecar(retrieved_on=RETRIEVED), house.reference, list(shelf.values()))

    [problem] = refused.value.problems
    assert (problem.row, problem.column, problem.value) == (2, "target_id", TARGET["target_id"])
    assert f"is that of a row of {other}/undated__first.csv: give it an id of its own" in problem.message
    assert sorted(targets.folder.iterdir()) == before

    if other == targets.name:
        said = Sidecar(retrieved_on=RETRIEVED, replaces="undated__first.csv", reason="a slip")
        release, count = file_release(targets, file, said, house.reference, list(shelf.values()))
        assert count == 2
        assert house.load(*shelf.values())[targets.name].added == ["undated__first.csv", release.name]


def test_the_clock_of_another_data_set_takes_no_id_away(house: House, tmp_path: Path) -> None:
    """Of two claims the first recorded keeps the id; what is filed now comes last, though a clock once ran ahead."""
    shelf = [house.bring(name, releases=False) for name in ("strategy/strategy_targets", "strategy/offshoring_park_plans")]
    ahead = house.write(shelf[1], "undated__first.csv", figures("target", [TARGET]), sealed=False)
    seal(shelf[1], ahead, datetime.now(UTC) + timedelta(days=30))

    with pytest.raises(ReleaseRefused, match="is that of a row of strategy/offshoring_park_plans/undated__first"):
        file_release(
            shelf[0], typed(tmp_path, figures("target", [TARGET])), Sidecar(retrieved_on=RETRIEVED), house.reference, shelf
        )


def test_the_same_bytes_are_not_filed_twice(house: House, data_set: DataSet, tmp_path: Path) -> None:
    said = Sidecar(retrieved_on=RETRIEVED)
    first, _ = file_release(data_set, typed(tmp_path, GOOD), said, house.reference, [data_set])

    with pytest.raises(ReleaseInvalid, match=f"these bytes are {data_set.name}/{first.name} already"):
        file_release(data_set, typed(tmp_path, GOOD, "other name.csv"), said, house.reference, [data_set])

    assert [path.name for path in release_paths(data_set)] == [first.name]


def test_an_unknown_reader_is_named(house: House, data_set: DataSet, tmp_path: Path) -> None:
    yml = data_set.folder / "dataset.yml"
    yml.write_text(yml.read_text(encoding="utf-8").replace("reader: figures", "reader: figurs"), encoding="utf-8")

    with pytest.raises(ReaderUnknown, match="'figurs'"):
        file_release(
            house.data_set(data_set.name), typed(tmp_path, GOOD), Sidecar(retrieved_on=RETRIEVED), house.reference, [data_set]
        )
    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]
