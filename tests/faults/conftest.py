"""A warm process and a small published house, made once for the faults that need a whole refresh."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.belonging import CORRECTED, DATA_SET, file_round
from tests.faults.warm import Warm
from tests.house import House, build, move


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """The process in whose forks ``marsad`` runs."""
    made = Warm(tmp_path_factory.mktemp("warm") / "printed")
    yield made
    made.close()


@pytest.fixture(scope="session")
def published(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A small house, refreshed once; to be copied."""
    house = build(tmp_path_factory.mktemp("published"))
    for name in (DATA_SET, CORRECTED):
        house.bring(name)
    said = warm.run(house.settings.data, "refresh", "--json")
    assert said.code == 0, said.err
    return house


@pytest.fixture
def besieged(published: House, tmp_path: Path) -> House:
    """A copy of that house with a release that no refresh has seen."""
    house = move(published, tmp_path)
    file_round(house, 1)
    return house
