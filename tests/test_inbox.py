"""The inbox: what is right is filed and gone from there; what is wrong stays, told once, and harms nobody."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from pipelines import inbox
from pipelines.datasets import DATASET_FILE, DataSet, read_sidecar, release_paths
from pipelines.filing import MAX_BYTES
from pipelines.inbox_sensor import inbox_sensor
from pipelines.warehouse import lock
from tests.house import OBSERVATION, House, figures
from tests.tables import XLSX, csv_text, options, saved, workbook

NAME = "company_creation/ompic_barometer"
DOCUMENT = "lematin-dm2030-2024-09-25"
GOOD = figures("observation", [OBSERVATION])
BAD = figures("observation", [OBSERVATION | {"obs_value": "3,388"}])


@pytest.fixture
def data_set(house: House) -> DataSet:
    return house.bring(NAME, releases=False)


def as_table(house: House, data_set: DataSet, **changed: Any) -> DataSet:
    """The data set, its releases being tables that name no document themselves."""
    described = data_set.folder / DATASET_FILE
    said = yaml.safe_load(described.read_text(encoding="utf-8")) | {"reader": "table", "options": options(**changed)}
    del said["options"]["constants"]["document"]
    described.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return house.data_set(data_set.name)


def drop(house: House, name: str, content: bytes, folder: str = NAME, **answers: str) -> Path:
    path = house.settings.inbox / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if answers:
        path.with_name(f"{name}.yml").write_text(yaml.safe_dump(answers), encoding="utf-8")
    return path


def take(house: House) -> list[inbox.Judged]:
    return inbox.take(house.settings, settled_seconds=0)


def report(path: Path) -> str:
    return path.with_name(path.name + inbox.REPORT).read_text(encoding="utf-8")


def releases(data_set: DataSet) -> list[str]:
    return [path.name for path in release_paths(data_set)]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_a_spreadsheet_with_answers_is_filed_and_loaded(house: House, data_set: DataSet, form: str) -> None:
    table = as_table(house, data_set, file=XLSX if form == "xlsx" else {"encoding": "windows-1252"})
    content = saved(workbook()) if form == "xlsx" else csv_text().encode("cp1252")
    path = drop(house, f"Baromètre mars 2022.{form}", content, document=DOCUMENT, note="By mail.")

    (judged,) = take(house)

    assert judged.release == f"2024-09-25__{DOCUMENT}.{form}"
    assert list(path.parent.iterdir()) == []
    filed = table.folder / judged.release
    assert filed.read_bytes() == content
    assert read_sidecar(filed)["note"] == "By mail."
    assert house.load(table)[NAME].rows_added == 3


def test_what_is_wrong_stays_with_a_report_and_is_told_once(house: House, data_set: DataSet) -> None:
    path = drop(house, "a.csv", BAD)
    good = drop(house, "b.csv", GOOD)

    judged = {each.file: each for each in take(house)}

    assert judged[good].release == "undated__b.csv"
    assert judged[path].release is None
    assert path.read_bytes() == BAD
    for part in ("Not filed: a.csv", "row 1, column obs_value", "'3,388'", "plain digits"):
        assert part in report(path)
    assert take(house) == []

    path.write_bytes(GOOD.replace(b"3388", b"3389"))
    assert [each.release for each in take(house)] == ["undated__a.csv"]
    assert list(path.parent.iterdir()) == []


def test_answers_that_change_are_tried_again(house: House, data_set: DataSet) -> None:
    as_table(house, data_set)
    path = drop(house, "a.csv", csv_text().encode())

    assert "document must not be empty" in take(house)[0].said
    drop(house, "a.csv", csv_text().encode(), document=DOCUMENT)
    assert take(house)[0].release == f"2024-09-25__{DOCUMENT}.csv"
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ("document: nobody-knows-it", "'nobody-knows-it' is not in the documents seed"),
        ("documnt: x", "unknown keys documnt; known: document, note"),
        ("- a", "must be a table of keys and values"),
        ("published_on: last Friday", "'last Friday' is not YYYY, YYYY-MM or YYYY-MM-DD"),
        ("retrieved_on: 2024-09", "'2024-09' is not YYYY-MM-DD"),
        ("replaces: ../../../seeds/areas.csv\nreason: x", "which is no other release of company_creation/ompic_barometer"),
        ("a: [", "cannot be read"),
        ("note: " + "x" * 20_000, "longer than 10000 bytes"),
    ],
)
def test_answers_that_cannot_be(house: House, data_set: DataSet, answers: str, says: str) -> None:
    path = drop(house, "a.csv", GOOD)
    path.with_name("a.csv.yml").write_text(answers, encoding="utf-8")

    assert says in take(house)[0].said
    assert says in report(path)
    assert releases(data_set) == []


@pytest.mark.parametrize(
    ("name", "filed"),
    [
        ("a;rm -rf ~.csv", "undated__a-rm-rf.csv"),
        ("Créations d'entreprises — T1.CSV", "undated__creations-d-entreprises-t1.csv"),
        ("بيانات.csv", "undated__release.csv"),
        ("%2e%2e%2fseeds.csv", "undated__2e-2e-2fseeds.csv"),
        ("2022__dataset.csv", "undated__dataset.csv"),
    ],
)
def test_names_never_decide_paths(house: House, data_set: DataSet, name: str, filed: str) -> None:
    drop(house, name, GOOD)

    assert [each.release for each in take(house)] == [filed]
    assert releases(data_set) == [filed]


def test_links_devices_giants_and_strange_endings_are_refused(house: House, data_set: DataSet, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(GOOD)
    folder = drop(house, "ok.txt", GOOD).parent
    (folder / "link.csv").symlink_to(secret)
    os.mkfifo(folder / "pipe.csv")
    with (folder / "giant.csv").open("wb") as giant:
        giant.truncate(MAX_BYTES + 1)
    (house.settings.inbox / "linked").symlink_to(tmp_path)
    drop(house, "stray.csv", GOOD, folder="offshoring/nothing")
    drop(house, "deep.csv", GOOD, folder=f"{NAME}/deeper")

    said = {each.file.name: each.said for each in take(house)}

    assert "is a symbolic link" in said["link.csv"]
    assert "is no plain file" in said["pipe.csv"]
    assert f"at most {MAX_BYTES} are taken" in said["giant.csv"]
    assert "releases end in .csv" in said["ok.txt"]
    assert "there is no data set 'offshoring/nothing'" in said["stray.csv"]
    assert f"there is no data set '{NAME}/deeper'" in said["deep.csv"]
    # The link to a folder is a file of no data set, and nothing in it is read.
    assert said.keys() - {"linked"} == {"link.csv", "pipe.csv", "giant.csv", "ok.txt", "stray.csv", "deep.csv"}
    assert releases(data_set) == []
    assert secret.exists()


def test_a_file_that_is_still_coming_in_waits(house: House, data_set: DataSet) -> None:
    path = drop(house, "a.csv", GOOD)

    assert inbox.take(house.settings) == []
    os.utime(path, (path.stat().st_mtime - 60,) * 2)
    assert [each.release for each in inbox.take(house.settings)] == ["undated__a.csv"]


def test_a_file_that_was_filed_before_a_kill_is_only_cleared_away(house: House, data_set: DataSet) -> None:
    path = drop(house, "a.csv", GOOD)
    take(house)
    drop(house, "a.csv", GOOD)

    (judged,) = take(house)

    assert "already" in judged.said
    assert judged.release == "undated__a.csv"
    assert not path.exists()
    assert releases(data_set) == ["undated__a.csv"]


def test_the_sensor_files_and_waits_its_turn(house: House, data_set: DataSet) -> None:
    sensor = inbox_sensor()

    def look() -> str:
        with dg.build_sensor_context() as context:
            said = sensor(context)
        assert isinstance(said, dg.SkipReason)
        return str(said.skip_message)

    assert "there is no" in look()
    path = drop(house, "a.csv", GOOD)
    os.utime(path, (path.stat().st_mtime - 60,) * 2)
    with lock.writer(house.settings.lock, "a night"):
        assert "a night" in look()
    assert "filed company_creation/ompic_barometer/undated__a.csv: 1 statements" in look()
    assert look() == "nothing new in the inbox"


def test_one_file_is_nobody_elses_trouble(house: House, data_set: DataSet) -> None:
    """Bytes that are no letters, a name that is too long for its sidecar, answers that are a folder: each stays, the rest is filed."""
    folder = drop(house, "zgood.csv", GOOD).parent
    strange = Path(os.fsdecode(os.fsencode(folder) + b"/baf\xe9.csv"))
    strange.write_bytes(BAD)
    long = drop(house, "x" * 243 + ".csv", figures("observation", [OBSERVATION | {"ref_area": "02"}]))
    answered = drop(house, "answered.csv", figures("observation", [OBSERVATION | {"ref_area": "03"}]))
    answered.with_name("answered.csv.yml").mkdir()

    judged = {found.file: found for found in take(house)}

    assert judged[folder / "zgood.csv"].release == "undated__zgood.csv"
    assert judged[strange].release is None and "3,388" in report(strange)
    assert judged[answered].release is None and answered.exists()
    assert judged[long].release == f"undated__{'x' * 150}.csv" and not long.exists()
    assert take(house) == []


def test_a_full_disk_is_no_fault_of_the_file(house: House, data_set: DataSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reported as one, the file would wait for a change of its own for ever."""
    path = drop(house, "good.csv", GOOD)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.filing.seal", full)
        with pytest.raises(OSError, match="No space left"):
            take(house)
    assert path.exists() and not path.with_name(path.name + inbox.REPORT).exists()

    assert [found.release for found in take(house)] == ["undated__good.csv"]
