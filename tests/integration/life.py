"""The life of a small house, told once: every step changes one thing, runs ``marsad``, and notes what was said and left.

The steps share one house since a refresh takes seconds; the tests look at the notes. What does not belong here: assertions,
but for what a step needs from the one before.
"""

from __future__ import annotations

import csv
import os
import pickle
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from pipelines import dbt_project
from pipelines.quiet import instance_of
from tests.house import OBSERVATION, TARGET, House, build, figures
from tests.integration.history import make_old
from tests.integration.running import BAROMETER, SMALL, Said, Waiting, at, checksums, edit_seed, marsad

ADDED = "undated__lebrief-ompic-2025-07.csv"
BAD = "undated__typing-slip.csv"
CORRECTION = "financesnews-2009-gdp"
BROKEN = "offshoring/exports/2023__lopinion-mtnra-2023.csv"
EXPORTS = "offshoring/exports"
SLIP, MENDED = "undated__challenge-oc-2016-06.csv", "undated__mended.csv"
LESS = (EXPORTS, "marts.national_indicators")
"""What has fewer rows and periods once ``MENDED`` stands for ``SLIP``."""

# Started early and waiting for a line: its imports take longer than what it does.
_REST_AND_TELL_IMPORTS = """
import sys
import dagster, pipelines.refresh
from pipelines.cli import main
input()
sys.argv = ["marsad", "refresh", "--json"]
try:
    main()
except SystemExit as left:
    assert not left.code, left.code
print(sorted({name.split(".")[0] for name in sys.modules} & {"dagster", "dagster_dbt", "dbt"}), file=sys.stderr)
"""

# What a refresh imports on its way; a fork of this process need not do it again.
_IMPORTED = ("dagster_dbt", "dbt.cli.main", "dbt.adapters.duckdb.connections", "pipelines.definitions", "pipelines.event_log")


class Dying:
    """A refresh that stops at the models and waits to be killed there, in a fork of this process.

    To be made before anything starts a thread (polars, DuckDB): a fork has none of them.
    """

    def __init__(self, data: Path) -> None:
        for name in _IMPORTED:
            import_module(name)
        told, self._tell = os.pipe()
        self._hear, say = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._tell)
            # Nothing comes when this process ends before it lets the other one begin.
            if os.read(told, 1):
                dbt_project.build = lambda *_, **__: _say_and_wait(say)
                said = marsad(data, "refresh")
                os.write(say, said.err.encode() or b"it came to its end")
            os._exit(1)
        os.close(told)
        os.close(say)

    def begin(self) -> str:
        """Let it begin, and wait until it stops; says what it said."""
        os.write(self._tell, b"!")
        return os.read(self._hear, 4096).decode()

    def kill(self) -> int:
        """SIGKILL; returns its exit code as a process has it."""
        os.kill(self.pid, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _say_and_wait(say: int) -> None:
    os.write(say, b"about to build")
    time.sleep(600)


@dataclass(frozen=True)
class Step:
    """What a command said, which publication readers had after it, and the checksums of everything published then."""

    said: Said
    current: str
    published: dict[str, str]
    draft_at: int
    """When the draft was last written (nanoseconds)."""


@dataclass
class Life:
    """The house as it is at the end, and its steps by name."""

    house: House
    steps: dict[str, Step] = field(default_factory=dict)
    seals: tuple[str, str] = ("", "")
    """Checksum of the release ``BROKEN`` as it was sealed, and as it was for the step `broken seal`."""
    inputs: dict[str, str] = field(default_factory=dict)
    """Checksums of all releases and seeds once all have come, before anything loaded them."""
    inputs_at_the_end: dict[str, str] = field(default_factory=dict)
    """The same after everything; the house itself may be used for other tests later."""
    others: dict[str, Said] = field(default_factory=dict)
    """What other commands were told while a refresh was working."""
    pid: int = 0
    runs: int = 0
    """Runs in Dagster's history before the step `full`, and made to look old there."""

    def run(self, step: str, *arguments: str) -> Said:
        said = marsad(self.house.settings.data, *arguments)
        self.note(step, said)
        return said

    def note(self, step: str, said: Said) -> None:
        settings = self.house.settings
        self.steps[step] = Step(
            said, settings.current.resolve().name, checksums(settings.publications), settings.draft.stat().st_mtime_ns
        )


def live(root: Path) -> Life:
    """Four real data sets; half of the barometer's releases come later."""
    dying = Dying(root / "data")
    life, waiting = Life(build(root)), root / "waiting"
    house, settings = life.house, life.house.settings
    for name in SMALL:
        house.bring(name)
    waiting.mkdir()
    releases = sorted((settings.raw / BAROMETER).glob("*__*.csv"))
    for release in [path for path in releases if path.name != ADDED][1::2] + [path for path in releases if path.name == ADDED]:
        for path in (release, release.with_name(release.name + ".yml")):
            path.rename(waiting / path.name)

    resting = Waiting(settings.data, _REST_AND_TELL_IMPORTS)

    first = life.run("first", "refresh", "--json")
    assert first.code == 0, first.err
    life.note("rest", resting.go())

    release = settings.raw / BROKEN
    good = release.read_bytes()
    sealed = checksums(release.parent)[str(release)]
    release.write_bytes(good.replace(b"2023", b"2024", 1))
    life.seals = sealed, checksums(release.parent)[str(release)]
    life.run("broken seal", "refresh")
    release.write_bytes(good)

    with _edited(settings.seeds / "corrections.csv", CORRECTION, printed_value="2.8"):
        life.run("broken correction", "refresh")
    with _edited(settings.seeds / "indicators.csv", "strategy_budget", domain="sports"):
        life.run("broken contract", "refresh")
    life.run("mended", "refresh", "--json")

    for path in waiting.iterdir():
        if not path.name.startswith(ADDED):
            shutil.copy2(path, settings.raw / BAROMETER)
    file = str(waiting / ADDED)
    life.run("add", "add", file, "--dataset", BAROMETER, "--document", "lebrief-ompic-2025-07", "--json")
    slip = figures("target", [TARGET | {"indicator": "digital_jobs_totl"}])
    house.write(house.data_set("strategy/strategy_targets"), BAD, slip)
    with (settings.raw / EXPORTS / SLIP).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    mended = figures("observation", rows[:-2])
    house.write(house.data_set(EXPORTS), MENDED, mended, replaces=SLIP, reason="two figures were never printed")
    life.inputs = checksums(settings.raw, settings.seeds)
    life.run("shrunk", "refresh")
    _kill(life, dying)
    accepting = [word for name in LESS for word in ("--accept-shrinkage", name)]
    life.run("draft only", "refresh", "--dataset", BAROMETER)
    life.run("grown", "refresh", "--json", *accepting)

    life.run("rollback", "rollback")
    life.run("rest after rollback", "refresh", "--json")
    with at(settings.data), instance_of(settings) as instance:
        life.runs = make_old(instance)
    life.run("full", "refresh", "--full", "--json", *accepting)
    life.inputs_at_the_end = checksums(settings.raw, settings.seeds)
    return life


def _kill(life: Life, dying: Dying) -> None:
    """Refresh in a process of its own, look around when the new releases are in its draft, and kill it there."""
    data = life.house.settings.data
    try:
        said = dying.begin()
        assert said == "about to build", said
        life.pid = dying.pid
        held = data.parent / "held.csv"
        held.write_bytes(figures("observation", [OBSERVATION]))
        for name, arguments in {
            "refresh": ("refresh",),
            "one data set": ("refresh", "--dataset", BAROMETER),
            "rollback": ("rollback",),
            "add": ("add", str(held), "--dataset", BAROMETER),
            "status": ("status", "--json"),
            "query": ("query", "select count(*) as n from marts.regional_company_creation", "--json"),
        }.items():
            life.others[name] = marsad(data, *arguments)
    finally:
        code = dying.kill()
    life.note("killed", Said(code, "", ""))


@contextmanager
def _edited(seed: Path, key: str, **changes: str) -> Iterator[None]:
    """A seed with one row changed, for a while."""
    before = seed.read_bytes()
    edit_seed(seed, key, **changes)
    yield
    seed.write_bytes(before)


if __name__ == "__main__":
    # As a module of its real name: what is written must be found again by the tests.
    from tests.integration import life as told

    place = Path(sys.argv[1])
    (place / "life.pickle").write_bytes(pickle.dumps(told.live(place)))
