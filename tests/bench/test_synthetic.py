"""The benchmark's releases keep every rule, and are the same bytes whenever they are made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.datasets import data_sets, read_release, release_paths
from pipelines.reference import Reference
from pipelines.sources import figures
from pipelines.statements import problems
from tests.bench import synthetic
from tests.house import DATA


@pytest.mark.long
def test_synthetic_releases_are_sound_sealed_and_always_the_same(tmp_path: Path) -> None:
    made = []
    for folder in (tmp_path / "one", tmp_path / "other"):
        shutil.copytree(DATA / "seeds", folder / "seeds")
        house = synthetic.make(folder, 100_000)
        synthetic.add_release(house, 1000, 0)
        [dataset] = data_sets(folder / "raw")
        made.append([read_release(dataset, path) for path in release_paths(dataset)])
    read = [figures.read(release.path, "observation", {}) for release in made[0]]

    assert [each.sha256 for each in made[0]] == [each.sha256 for each in made[1]]
    assert sum(each.height for each in read[:-1]) == house.observations
    assert read[-1].height == 1000
    reference = Reference(tmp_path / "one" / "seeds")
    assert [problems(each, "observation", reference) for each in read[1:]] == [[], []]
    # What the second release restates of the first: some revised, some repeated.
    both = read[0].join(read[1], on=["definition", "ref_area", "time_period"])
    assert 0 < both.filter(both["obs_value"] != both["obs_value_right"]).height < both.height
