"""Filing a release: checked first, then placed and sealed; refused, nothing is left behind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.datasets import DataSet, ReleaseInvalid, read_release, read_sidecar, sidecar_path
from pipelines.filing import ReleaseRefused, Sidecar, file_release
from pipelines.sources import ReaderUnknown
from tests.house import OBSERVATION, RETRIEVED, House, figures

GOOD = figures("observation", [OBSERVATION])
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

    release, statements = file_release(data_set, file, Sidecar(document="lematin-dm2030-2024-09-25"), house.reference)

    assert statements == 1
    assert release.path == data_set.folder / "2024-09-25__lematin-dm2030-2024-09-25.csv"
    assert (release.published_on, release.published_precision, release.retrieved_on) == (date(2024, 9, 25), "DAY", RETRIEVED)
    assert release.path.read_bytes() == file.read_bytes() == GOOD
    assert read_release(data_set, release.path) == release
    assert house.load(data_set)[data_set.name].added == [release.name]


def test_nothing_is_read_in_the_future(house: House, data_set: DataSet, tmp_path: Path) -> None:
    """A refresh would refuse it, and with the seal on it would be there for good."""
    tomorrow_but_one = datetime.now(UTC).date() + timedelta(days=2)

    with pytest.raises(ReleaseInvalid, match="nothing is read in the future"):
        file_release(data_set, typed(tmp_path, GOOD), Sidecar(retrieved_on=tomorrow_but_one), house.reference)

    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]


def test_without_a_document_the_file_names_the_release(house: House, data_set: DataSet, tmp_path: Path) -> None:
    said = Sidecar(retrieved_on=RETRIEVED, note="Read on the phone.", published_on=date(2024, 9, 1), published_precision="MONTH")

    release, _ = file_release(data_set, typed(tmp_path, GOOD), said, house.reference)

    assert release.name == "2024-09__my-figures.csv"
    assert read_sidecar(release.path)["note"] == "Read on the phone."


def test_a_refused_file_leaves_nothing_behind(house: House, data_set: DataSet, tmp_path: Path) -> None:
    file = typed(tmp_path, BAD)

    with pytest.raises(ReleaseRefused) as refused:
        file_release(data_set, file, Sidecar(retrieved_on=RETRIEVED), house.reference)

    assert [(each.row, each.column, each.value) for each in refused.value.problems] == [(1, "obs_value", "3,388")]
    for part in ("my-figures.csv", "row 1", "column obs_value", "'3,388'", "plain digits"):
        assert part in str(refused.value)
    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]
    assert file.read_bytes() == BAD


def test_an_unreadable_file_is_refused_the_same_way(house: House, data_set: DataSet, tmp_path: Path) -> None:
    with pytest.raises(ReleaseRefused, match="the file is empty"):
        file_release(data_set, typed(tmp_path, b""), Sidecar(retrieved_on=RETRIEVED), house.reference)

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
        file_release(data_set, typed(tmp_path, GOOD), said, house.reference)

    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]


def test_a_release_that_replaces_nothing_known_is_not_filed(house: House, data_set: DataSet, tmp_path: Path) -> None:
    said = Sidecar(retrieved_on=RETRIEVED, replaces="undated__typo.csv", reason="a slip")

    with pytest.raises(ReleaseInvalid):
        file_release(data_set, typed(tmp_path, GOOD), said, house.reference)


def test_a_release_is_filed_once(house: House, data_set: DataSet, tmp_path: Path) -> None:
    said = Sidecar(retrieved_on=RETRIEVED)
    release, _ = file_release(data_set, typed(tmp_path, GOOD), said, house.reference)
    sidecar = sidecar_path(release.path).read_bytes()

    with pytest.raises(ReleaseInvalid, match="exists already"):
        file_release(data_set, typed(tmp_path, BAD), said, house.reference)

    assert release.path.read_bytes() == GOOD
    assert sidecar_path(release.path).read_bytes() == sidecar


def test_a_file_already_in_place_is_checked_and_sealed_there(house: House, data_set: DataSet) -> None:
    path = house.write(data_set, "undated__a.csv", BAD, sealed=False)

    with pytest.raises(ReleaseRefused):
        file_release(data_set, path, Sidecar(), house.reference)
    assert path.read_bytes() == BAD
    assert "sha256" not in read_sidecar(path)

    path.write_bytes(GOOD)
    release, _ = file_release(data_set, path, Sidecar(), house.reference)
    assert release == read_release(data_set, path)


def test_an_unknown_reader_is_named(house: House, data_set: DataSet, tmp_path: Path) -> None:
    yml = data_set.folder / "dataset.yml"
    yml.write_text(yml.read_text(encoding="utf-8").replace("reader: figures", "reader: figurs"), encoding="utf-8")

    with pytest.raises(ReaderUnknown, match="'figurs'"):
        file_release(house.data_set(data_set.name), typed(tmp_path, GOOD), Sidecar(retrieved_on=RETRIEVED), house.reference)
    assert [path.name for path in data_set.folder.iterdir()] == ["dataset.yml"]
