"""Before a release is filed, a person sees what it would add, revise or contradict in what is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.datasets import data_sets
from pipelines.filing import ReleaseRefused, Sidecar, read_checked, would_be
from pipelines.previewing import Preview, preview
from pipelines.reference import Reference
from tests.house import OBSERVATION, TARGET, figures
from tests.integration.conftest import Whole
from tests.integration.running import BAROMETER, marsad

DOCUMENT = "lopinion-ompic-2022-03"
OF_DOCUMENT = Sidecar(document=DOCUMENT)


def previewed(whole: Whole, tmp_path: Path, content: bytes, name: str = BAROMETER, said: Sidecar = OF_DOCUMENT) -> Preview:
    file = tmp_path / "a.csv"
    file.write_bytes(content)
    known, reference = {each.name: each for each in data_sets(whole.settings.raw)}, Reference(whole.settings.seeds)
    release = would_be(known[name], file, said, reference)
    statements = read_checked(known[name], file, release, reference, known.values())
    return preview(whole.settings, known[name], release, statements, reference)


def test_what_is_new_repeated_revised_and_contradicted(whole: Whole, tmp_path: Path) -> None:
    rows = [
        OBSERVATION,
        OBSERVATION | {"ref_area": "02", "obs_value": "1299"},
        OBSERVATION | {"ref_area": "03", "time_period": "2026-01/2026-03", "obs_value": "5"},
        OBSERVATION | {"ref_area": "04", "publisher": "omtpme", "obs_value": "3331"},
        OBSERVATION | {"ref_area": "05", "publisher": "omtpme", "obs_value": "800", "bound": "GE"},
        OBSERVATION | {"ref_area": "06", "publisher": "omtpme", "obs_value": "8000", "bound": "GE"},
    ]

    found = previewed(whole, tmp_path, figures("observation", rows))

    assert (found.statements, found.repeated, found.revised, found.new, found.contradicting, found.bounds) == (6, 1, 1, 4, 2, 2)
    assert found.compared_with == whole.settings.current.resolve().name
    assert found.first[0] == "company_creations 03 2026-01/2026-03: EQ 5"
    (revision,) = found.revisions
    assert revision.startswith("company_creations 02 2022-01/2022-03: 1298 -> 1299 (was in ")
    # A bound that the other's exact value lies within contradicts nothing.
    assert found.contradictions == [
        "company_creations 04 2022-01/2022-03: EQ 3331 against EQ 3330 of ompic",
        "company_creations 06 2022-01/2022-03: GE 8000 against EQ 7163 of ompic",
    ]


def test_a_value_in_other_units_is_the_same_value(whole: Whole, tmp_path: Path) -> None:
    found = previewed(whole, tmp_path, figures("observation", [OBSERVATION | {"obs_value": "3.388", "unit_mult": "3"}]))

    assert (found.repeated, found.revised) == (1, 0)


def test_targets_are_known_by_their_ids(whole: Whole, tmp_path: Path) -> None:
    """Only a release that stands for another one may repeat its ids."""
    name = "strategy/strategy_targets"
    [(known, release)] = whole.connection.execute(
        "select target_id, release from raw.targets where dataset = ? order by target_id limit 1", [name]
    ).fetchall()
    rows = figures("target", [TARGET | {"target_id": known}, TARGET | {"target_id": "mn2013.new.2013"}])

    found = previewed(whole, tmp_path, rows, name, Sidecar(document=DOCUMENT, replaces=release, reason="a slip"))

    assert (found.statements, found.new, found.repeated) == (2, 1, 1)
    assert found.first == ["mn2013.new.2013"]
    with pytest.raises(ReleaseRefused, match=f"is that of a row of {name}/{release}"):
        previewed(whole, tmp_path, rows, name)


@pytest.mark.parametrize("as_json", [True, False])
def test_a_dry_run_shows_and_files_nothing(whole: Whole, tmp_path: Path, as_json: bool) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(figures("observation", [OBSERVATION | {"ref_area": "02", "obs_value": "1299"}]))
    folder = whole.settings.raw / BAROMETER
    before = sorted(folder.iterdir())

    said = marsad(
        whole.settings.data,
        "add",
        str(file),
        "--dataset",
        BAROMETER,
        "--document",
        DOCUMENT,
        "--dry-run",
        *["--json"][: int(as_json)],
    )

    assert said.code == 0, said.err
    if as_json:
        assert json.loads(said.out)["changes"]["revised"] == 1
        assert said.json["filed"] is False
    else:
        assert "1 statements against " in said.out
        assert "1298 -> 1299" in said.out
        assert "nothing was filed" in said.out
    assert sorted(folder.iterdir()) == before
