"""The life of a small house, told once: every step changes one thing, runs ``marsad``, and notes what was said and left.

The steps share one house since a refresh takes seconds; the tests look at the notes. What does not belong here: assertions,
but for what a step needs from the one before.
"""

from __future__ import annotations

import csv
import pickle
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.house import OBSERVATION, TARGET, House, build, figures
from tests.integration.running import BAROMETER, SMALL, Said, Waiting, checksums, edit_seed, marsad

ADDED = "undated__lebrief-ompic-2025-07.csv"
BAD = "undated__typing-slip.csv"
CORRECTION = "financesnews-2009-gdp"
BROKEN = "offshoring/exports/2023__lopinion-mtnra-2023.csv"
EXPORTS = "offshoring/exports"
SLIP, MENDED = "undated__challenge-oc-2016-06.csv", "undated__mended.csv"
LESS = (EXPORTS, "marts.national_indicators")
"""What has fewer rows and periods once ``MENDED`` stands for ``SLIP``."""

# Both are started early and wait for a line: their imports take longer than what they do.
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
_REFRESH_AND_STOP_AT_THE_MODELS = """
import sys, time
import dagster_dbt, pipelines.definitions
from pipelines import dbt_project
from pipelines.cli import main

def wait_to_be_killed(*_):
    print("about to build", flush=True)
    time.sleep(600)

dbt_project.build = wait_to_be_killed
input()
sys.argv = ["marsad", "refresh"]
main()
"""


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
    life, waiting = Life(build(root)), root / "waiting"
    house, settings = life.house, life.house.settings
    for name in SMALL:
        house.bring(name)
    waiting.mkdir()
    releases = sorted((settings.raw / BAROMETER).glob("*__*.csv"))
    for release in [path for path in releases if path.name != ADDED][1::2] + [path for path in releases if path.name == ADDED]:
        for path in (release, release.with_name(release.name + ".yml")):
            path.rename(waiting / path.name)

    resting, dying = Waiting(settings.data, _REST_AND_TELL_IMPORTS), Waiting(settings.data, _REFRESH_AND_STOP_AT_THE_MODELS)

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
    life.run("full", "refresh", "--full", "--json", *accepting)
    life.inputs_at_the_end = checksums(settings.raw, settings.seeds)
    return life


def _kill(life: Life, dying: Waiting) -> None:
    """Refresh in a process of its own, look around when the new releases are in its draft, and kill it there."""
    data = life.house.settings.data
    try:
        said = dying.first_line()
        assert said == "about to build\n", said + dying.process.communicate(timeout=60)[1]
        life.pid = dying.process.pid
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
        dying.process.kill()
    dying.process.communicate(timeout=60)
    life.note("killed", Said(dying.process.returncode, "", ""))


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
