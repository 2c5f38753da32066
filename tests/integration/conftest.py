"""What takes long runs beside the tests: a refresh of all the real data, and the life of a small house, each in a process."""

from __future__ import annotations

import os
import pickle
import pty
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from pipelines.settings import Settings
from tests.house import DATA
from tests.integration.life import Life
from tests.integration.running import COMMAND, Said, at, checksums, environment

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Whole:
    """The house with all the real data, after one ``marsad refresh``."""

    settings: Settings
    said: Said
    progress: str
    before: dict[str, str]
    connection: duckdb.DuckDBPyConnection


@dataclass
class _Refreshing:
    data: Path
    process: subprocess.Popen[bytes]
    printed: Path
    progress: bytearray
    listener: threading.Thread
    before: dict[str, str]


@dataclass
class _Living:
    process: subprocess.Popen[str]
    notes: Path


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of ours that starts both processes, then everybody else's, then those that wait for one of them; last of all those
    after which the small house is another.
    """

    def turn(item: pytest.Item) -> int:
        names = getattr(item, "fixturenames", ())
        return (HERE in item.path.parents) + ("whole" in names) + 2 * ("life" in names) + 2 * ("live" in names)

    ours = [item for item in items if HERE in item.path.parents and turn(item) == 1]
    items.sort(key=lambda item: turn(item) if item not in ours[:1] else -1)


def _asked_for(request: pytest.FixtureRequest, name: str) -> bool:
    return any(name in getattr(item, "fixturenames", ()) for item in request.session.items)


@pytest.fixture(scope="session", autouse=True)
def _living(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Living | None]:
    """The small house, if any test will look at it."""
    if not _asked_for(request, "life"):
        yield None
        return
    root = tmp_path_factory.mktemp("life")
    command = [sys.executable, "-W", "ignore", "-m", "tests.integration.life", str(root)]
    with (root / "errors.txt").open("w") as errors:
        process = subprocess.Popen(command, env=environment(root), cwd=root, stdout=errors, stderr=errors, text=True)
    yield _Living(process, root / "errors.txt")
    process.terminate()
    process.wait(timeout=60)


@pytest.fixture(scope="session")
def life(_living: _Living | None) -> Life:
    """A small house through everything that happens to a house; what each step said and left is noted."""
    assert _living is not None
    code = _living.process.wait(timeout=600)
    assert code == 0, _living.notes.read_text(encoding="utf-8")
    found: Life = pickle.loads((_living.notes.parent / "life.pickle").read_bytes())
    return found


@pytest.fixture(scope="session", autouse=True)
def _refreshing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Refreshing | None]:
    """``marsad refresh`` on a copy of all the real data, if any test will look at what it made."""
    if not _asked_for(request, "whole"):
        yield None
        return
    data = tmp_path_factory.mktemp("whole") / "data"
    for name in ("raw", "seeds"):
        shutil.copytree(DATA / name, data / name)
    before = checksums(data)
    # Progress is shown on a terminal only: this one is read by a thread.
    master, slave = pty.openpty()
    printed = data.parent / "printed.txt"
    with printed.open("wb") as out:
        process = subprocess.Popen([COMMAND, "refresh"], env=environment(data), cwd=data.parent, stdout=out, stderr=slave)
    os.close(slave)
    progress = bytearray()

    def listen() -> None:
        while True:
            try:
                progress.extend(os.read(master, 4096) or b"")
            except OSError:
                return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    yield _Refreshing(data, process, printed, progress, listener, before)
    process.kill()
    process.wait()
    listener.join(timeout=10)
    os.close(master)
    # A quarter of a gigabyte, in folders that are closed to writing.
    for folder in (data / "warehouse" / "publications").glob("*"):
        folder.chmod(stat.S_IRWXU)
    shutil.rmtree(data)


@pytest.fixture(scope="session")
def whole(_refreshing: _Refreshing | None) -> Iterator[Whole]:
    """All the real data, refreshed and published; to be read only."""
    assert _refreshing is not None
    code = _refreshing.process.wait(timeout=600)
    _refreshing.listener.join(timeout=10)
    progress = _refreshing.progress.decode(errors="replace")
    said = Said(code, _refreshing.printed.read_text(encoding="utf-8"), progress if code else "")
    assert code == 0, f"{said.out}\n{progress}"
    with at(_refreshing.data):
        settings = Settings.from_environment()
    with duckdb.connect(settings.published.resolve(), read_only=True) as connection:
        yield Whole(settings, said, progress, _refreshing.before, connection)
