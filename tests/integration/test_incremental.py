"""Incremental and full refreshes are equal, end to end: releases of a small house arrive in any order, in several refreshes.

The life of the small house (``test_refresh``) shows one such order at every run of the tests; here are as many random ones as
``MARSAD_REFRESHES`` says, since each takes several whole refreshes.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
from pathlib import Path

import pytest

from pipelines.datasets import DATASET_FILE, release_paths, sidecar_path
from tests.house import TARGET, House, build, figures
from tests.integration.life import BAD, EXPORTS, MENDED, SLIP
from tests.integration.running import SMALL, content, marsad

ORDERS = int(os.environ.get("MARSAD_REFRESHES") or 0)
pytestmark = pytest.mark.skipif(not ORDERS, reason="MARSAD_REFRESHES says how many random orders are to be tried")


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, dict[str, bytes]]:
    """All at once: real data sets, a release that mends another with less, and one that is refused."""
    house = build(tmp_path_factory.mktemp("full"))
    for name in SMALL:
        house.bring(name)
    exports = house.data_set(EXPORTS)
    lines = (exports.folder / SLIP).read_bytes().splitlines(keepends=True)
    house.write(exports, MENDED, b"".join(lines[:-2]), replaces=SLIP, reason="two figures were never printed")
    house.write(
        house.data_set("strategy/strategy_targets"), BAD, figures("target", [TARGET | {"indicator": "digital_jobs_totl"}])
    )
    assert marsad(house.settings.data, "refresh", "--full").code == 4
    return house, content(house.settings.published, tmp_path_factory.mktemp("content") / "full")


@pytest.mark.parametrize("seed", range(ORDERS))
def test_any_order_of_arrival_ends_in_the_same_tables(seed: int, full: tuple[House, dict[str, bytes]], tmp_path: Path) -> None:
    whole, expected = full
    chance = random.Random(seed)
    paths = [path for name in SMALL for path in release_paths(whole.data_set(name))]
    chance.shuffle(paths)
    cuts = [0, *sorted(chance.sample(range(1, len(paths)), chance.randint(1, 2))), len(paths)]
    house = build(tmp_path)
    for name in SMALL:
        house.bring(name, releases=False)

    for start, stop in itertools.pairwise(cuts):
        for path in paths[start:stop]:
            for file in (path, sidecar_path(path)):
                shutil.copy2(file, house.settings.raw / path.parent.relative_to(whole.settings.raw))
        accepting = [word for name in SMALL for word in ("--accept-shrinkage", name)]
        if house.settings.current.exists():
            accepting += ["--accept-shrinkage", "marts.national_indicators"]
        said = marsad(house.settings.data, "refresh", *accepting, *(["--full"] if chance.random() < 0.2 else []))
        assert said.code in (0, 4), said.err

    assert (house.settings.raw / EXPORTS / DATASET_FILE).exists()
    found = content(house.settings.published, tmp_path / "content")
    assert [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)] == []
