"""Data sets, sidecars and seals as they lie in data/raw."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.datasets import (
    DataSetInvalid,
    ReleaseInvalid,
    SealBroken,
    data_sets,
    read_data_set,
    read_release,
    read_sidecar,
    release_paths,
    seal,
    sidecar_path,
    write_sidecar,
)
from tests.house import DATA, OBSERVATION, House, figures, unseal

CONTENT = figures("observation", [OBSERVATION])
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def edit(path: Path, **changes: Any) -> None:
    """Change keys of a YAML file; None takes a key out, "null" makes it null."""
    said = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
    kept = {key: None if value == "null" else value for key, value in said.items() if value is not None or key not in changes}
    path.write_text(yaml.safe_dump(kept, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_every_real_data_set_is_read_and_every_release_of_it_is_sealed() -> None:
    found = data_sets(DATA / "raw")

    assert len(found) >= 36
    assert [each.name for each in found] == sorted(each.name for each in found)
    for each in found:
        assert each.name == f"{each.domain}/{each.folder.name}" == "/".join(each.key)
        releases = [read_release(each, path) for path in release_paths(each)]
        # Asked every night, or brought by people: the first release may not have come yet.
        assert releases or each.fetch or each.reader == "table"
        assert all(release.sha256 == hashlib.sha256(release.path.read_bytes()).hexdigest() for release in releases)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"licence": None}, "missing keys ['licence']"),
        ({"licences": "CC BY"}, "unknown keys ['licences']"),
        ({"kind": "figure"}, "kind is 'figure', must be one of observation, target, event"),
        ({"title": "Exports"}, "title must be given in en, fr and ar"),
        ({"title": {"en": "Exports", "fr": "Exportations"}}, "title must be given in en, fr and ar"),
        ({"title": {"en": "Exports", "fr": "Exportations", "ar": ""}}, "title must be given in en, fr and ar"),
        ({"max_age_days": "null"}, "max_age_days is not a number of days"),
        ({"expected_every": "null"}, "say both or neither"),
        ({"max_age_days": -5}, "max_age_days is -5, must be a number of days from 1 on"),
        ({"expected_every": "P3X"}, "expected_every is 'P3X', must be an ISO 8601 duration"),
        ({"expected_every": "monthly"}, "must be an ISO 8601 duration"),
    ],
)
def test_a_dataset_yml_that_cannot_be_used_names_file_and_key(house: House, changes: dict[str, Any], says: str) -> None:
    path = house.bring("offshoring/exports", releases=False).folder / "dataset.yml"
    edit(path, **changes)

    with pytest.raises(DataSetInvalid) as error:
        data_sets(house.settings.raw)

    assert str(path) in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize("content", [b"title: [", b"\xff\xfe", b"just words", b""])
def test_a_dataset_yml_that_is_no_table_names_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "domain" / "data_set" / "dataset.yml"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    with pytest.raises(DataSetInvalid, match=r"dataset\.yml"):
        read_data_set(path)


def test_releases_are_all_files_but_the_yaml_and_the_hidden(house: House) -> None:
    data_set = house.bring("offshoring/exports", releases=False)
    for name in ("undated__b.csv", "2024__a.json", ".undated__c.csv.tmp", "undated__b.csv.yml"):
        (data_set.folder / name).touch()
    (data_set.folder / "folder").mkdir()

    assert [path.name for path in release_paths(data_set)] == ["2024__a.json", "undated__b.csv"]


def test_a_seal_is_the_checksum_and_the_moment_written_once(house: House) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    path = house.write(data_set, "undated__a.csv", CONTENT, sealed=False, note="Typed from the page.")

    release = seal(data_set, path, NOON + timedelta(microseconds=5))

    assert release == read_release(data_set, path)
    assert release.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert release.recorded_at == NOON.replace(tzinfo=None)
    assert read_sidecar(path)["note"] == "Typed from the page."
    with pytest.raises(ReleaseInvalid, match="is sealed already"):
        seal(data_set, path)


def test_recorded_at_never_goes_back_even_if_the_clock_does(house: House) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    moments = [NOON, NOON - timedelta(days=400), NOON + timedelta(seconds=1), NOON]
    for number, moment in enumerate(moments):
        seal(data_set, house.write(data_set, f"undated__{number}.csv", CONTENT, sealed=False), moment)

    recorded = [read_release(data_set, path).recorded_at for path in release_paths(data_set)]

    assert recorded == sorted(recorded)
    assert recorded[-1] == (NOON + timedelta(seconds=1)).replace(tzinfo=None)


def test_other_bytes_are_an_error_naming_both_checksums(house: House) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    path = house.write(data_set, "undated__a.csv", CONTENT)
    path.write_bytes(CONTENT + b" ")

    with pytest.raises(SealBroken) as error:
        read_release(data_set, path)

    for part in (path, hashlib.sha256(CONTENT).hexdigest(), hashlib.sha256(CONTENT + b" ").hexdigest(), "replaces"):
        assert str(part) in str(error.value)


def test_an_unsealed_release_names_the_command(house: House) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    path = house.write(data_set, "undated__a.csv", CONTENT)
    unseal(path)

    with pytest.raises(ReleaseInvalid, match=rf"marsad add .*{path.name} --dataset company_creation/ompic_barometer"):
        read_release(data_set, path)


@pytest.mark.parametrize(
    "name", ["a.csv", "undated__A.csv", "undated_a.csv", "2024-9__a.csv", "undated__a b.csv", "undated__.csv"]
)
def test_a_release_must_be_named_after_date_and_document(house: House, name: str) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    path = data_set.folder / name
    path.write_bytes(CONTENT)

    with pytest.raises(ReleaseInvalid, match="a release is named"):
        read_sidecar(path)


@pytest.mark.parametrize(
    ("name", "said", "says"),
    [
        ("undated__a.csv", {"note": None}, "missing keys ['note']"),
        ("undated__a.csv", {"author": "me"}, "unknown keys ['author']"),
        ("undated__a.csv", {"published_on": date(2024, 9, 25)}, "does not go with published_precision UNKNOWN"),
        ("undated__a.csv", {"published_precision": "DAY"}, "does not go with published_precision DAY"),
        ("undated__a.csv", {"published_precision": "WEEK"}, "does not go with published_precision WEEK"),
        ("undated__a.csv", {"retrieved_on": "yesterday"}, "must be dates"),
        ("undated__a.csv", {"replaces": "undated__b.csv"}, "replaces and reason go together"),
        ("undated__a.csv", {"reason": "a slip"}, "replaces and reason go together"),
        ("undated__a.csv", {"published_on": date(2024, 9, 25), "published_precision": "DAY"}, "its name says undated"),
        ("2024-09-25__a.csv", {"published_on": date(2024, 9, 1), "published_precision": "MONTH"}, "its name says 2024-09-25"),
        ("2024-09-25__a.csv", {}, "its name says 2024-09-25"),
    ],
)
def test_a_sidecar_is_checked_key_by_key(house: House, name: str, said: dict[str, Any], says: str) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    path = house.write(data_set, name, CONTENT, sealed=False)
    edit(sidecar_path(path), **said)

    with pytest.raises(ReleaseInvalid) as error:
        read_sidecar(path)

    assert name in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("name", "published_on", "precision"),
    [("2024-09-25__a.csv", 25, "DAY"), ("2024-09__a.csv", 1, "MONTH"), ("2024__a.csv", 1, "YEAR")],
)
def test_the_date_of_a_name_is_as_precise_as_what_is_known(house: House, name: str, published_on: int, precision: str) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    path = house.write(data_set, name, CONTENT, published_on=date(2024, 9, published_on), published_precision=precision)

    assert read_release(data_set, path).published_precision == precision


def test_a_sidecar_is_written_whole_or_not_at_all(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    path = house.write(data_set, "undated__a.csv", CONTENT)
    before = sidecar_path(path).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("pipelines.datasets.yaml.safe_dump", full)
    with pytest.raises(OSError, match="No space left"):
        write_sidecar(path, {})

    assert sidecar_path(path).read_bytes() == before
    assert release_paths(data_set) == [path]
