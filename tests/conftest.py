"""What every test stands on: no network, nobody's environment, a small house, and all the real data loaded once."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.scheduler import LoadScopeScheduling

from pipelines import fingerprint
from pipelines.datasets import data_sets
from pipelines.reference import Reference
from pipelines.settings import Settings
from pipelines.sources import reader
from pipelines.warehouse import draft, loading
from tests.house import House, Real, build

# The same examples every night, and no verdict about the speed of the machine.
hypothesis_settings.register_profile(
    "house", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
hypothesis_settings.load_profile("house")

# pytest-socket (see pyproject.toml) guards Python's sockets in this process. Child processes and compiled extensions are sent
# to a proxy that nobody runs instead, and nothing reports home.
_CLOSED = "http://127.0.0.1:9"
_CHILDREN = {
    "HTTP_PROXY": _CLOSED,
    "HTTPS_PROXY": _CLOSED,
    "ALL_PROXY": _CLOSED,
    "NO_PROXY": "127.0.0.1,localhost,::1",
    # Publishers are asked only by the tests that serve them.
    "MARSAD_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DAGSTER_DISABLE_TELEMETRY": "yes",
}
_INTEGRATION = "tests/integration/"
# Where the house is, by the caller's environment: no test may write there.
_PLACES = ("MARSAD_DATA", "MARSAD_WAREHOUSE", "DAGSTER_HOME", "MARSAD_POSTGRES")


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--long`` also runs what takes minutes."""
    parser.addoption("--long", action="store_true", help="also run the tests that take minutes")
    # The campaign of tests/faults: little by default, since it is refresh after refresh.
    parser.addoption("--kills", type=int, default=2, help="refreshes killed")
    parser.addoption("--refreshes", type=int, default=1, help="refreshes run to their end, those after kills counted")
    parser.addoption("--readers", type=int, default=2, help="processes that read all the while")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked ``long`` say why they are left out."""
    if not config.getoption("--long"):
        for item in items:
            if item.get_closest_marker("long"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: run with --long"))


def pytest_configure(config: pytest.Config) -> None:
    """Before anything of the house is imported by a test."""
    # As the command does (``cli.main``).
    gc.set_threshold(50_000, 20, 50)
    config.addinivalue_line("markers", "long: takes minutes; runs with --long only")
    for name in _PLACES:
        os.environ.pop(name, None)
    for name, value in _CHILDREN.items():
        os.environ[name] = os.environ[name.lower()] = value


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """With ``-n 2``: one process waits for the two that ``tests/integration`` starts, the other runs the rest, file by file;
    the files that look at all the real data stay together, so that it is loaded once.
    """
    return _ByHouse(config, log)


class _ByHouse(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        path = nodeid.split("::", 1)[0]
        return (
            _INTEGRATION
            if path.startswith(_INTEGRATION)
            else "real"
            if _looks_at_real_data(self.config.rootpath / path)
            else path
        )


@cache
def _looks_at_real_data(path: Path) -> bool:
    return "real: Real" in path.read_text(encoding="utf-8")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """An empty house with a copy of the real seeds; ``MARSAD_DATA`` points at it."""
    made = build(tmp_path)
    monkeypatch.setenv("MARSAD_DATA", str(made.settings.data))
    return made


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    """Every release of ``data/raw`` in a finished draft of its own; the checkout's warehouse is not touched."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MARSAD_WAREHOUSE", str(tmp_path_factory.mktemp("real") / "warehouse"))
        settings = Settings.from_environment()
    reference = Reference(settings.seeds)
    draft.begin(settings, "real", fingerprint.loader(fingerprint.inputs(settings)), reference)
    with draft.connect(settings) as connection:
        loaded = {
            each.name: loading.load(connection, each, reader(each.reader), reference)
            for each in data_sets(settings.raw, settings.elsewhere)
        }
    draft.finish(settings)
    with duckdb.connect(settings.draft, read_only=True) as connection:
        yield Real(settings, reference, loaded, connection)
