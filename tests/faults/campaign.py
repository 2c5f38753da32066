"""Kills and refreshes in number, with readers all the while, and the account of what happened.

Each round files a release, so that every refresh has something to publish. A killed refresh must leave the old publication or
the new one, whole; the next refresh gets no help.
"""

from __future__ import annotations

import random
import shutil
import signal
import stat
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.belonging import CORRECTED, DATA_SET, Seen, Torn, file_round, inspect
from tests.faults.readers import Account, Readers
from tests.faults.warm import Trouble, Warm
from tests.house import build, move

PHASES = (
    "pipelines.fingerprint:inputs", "pipelines.refresh:why_rest", "pipelines.quiet:prepare_dagster_home",
    "pipelines.dbt_project:manifest", "pipelines.warehouse.lock:_write", "pipelines.warehouse.draft:begin",
    "pipelines.warehouse.draft:_why_not_kept", "pipelines.warehouse.draft:_remove", "pipelines.assets.data_sets:load",
    "pipelines.warehouse.loading:_accept", "pipelines.warehouse.loading:mark_made", "pipelines.checks.stages:raw_records",
    "pipelines.assets.models:unmark_made", "pipelines.dbt_project:build", "pipelines.assets.models:mark_made",
    "pipelines.checks.contracts:check", "pipelines.assets.publication:_refuse_if_unready",
    "pipelines.warehouse.publication:publish", "pipelines.warehouse.publication:sweep",
    "pipelines.warehouse.publication:_copy", "pipelines.warehouse.publication:_verify",
    "pipelines.warehouse.publication:_write_durably", "pipelines.warehouse.publication:_sync",
    "pipelines.warehouse.publication:_switch", "pipelines.warehouse.publication:_prune",
    "pipelines.warehouse.publication:_remove", "pipelines.warehouse.draft:finish",
)  # fmt: skip
"""Functions at whose beginning and end a refresh is killed, in the order in which a refresh meets them."""

_ROUNDS_IN_ONE_HOUSE = 60
_GOES_ON = 0.25
"""Share of the kills after which a refresh runs to its end; after the others the next one is killed too."""


@dataclass
class Tally:
    """What was done and met."""

    kills: int = 0
    killed_late: int = 0
    """Refreshes that had ended before their killer came: counted as refreshes, not as kills."""
    left: Counter[str] = field(default_factory=Counter)
    """How often a kill left readers the old publication, and how often the new one."""
    places: set[str] = field(default_factory=set)
    refreshes: int = 0
    refresh_seconds: float = 0.0
    switches: int = 0
    recoveries: int = 0
    """Refreshes that went on after one or more kills."""
    broken: list[str] = field(default_factory=list)
    readers: Account = field(default_factory=Account)
    seconds: float = 0.0

    @property
    def errors(self) -> int:
        """Everything that must not happen."""
        return len(self.broken) + len(self.readers.errors)

    def __str__(self) -> str:
        slow, reads = self.readers.slowest, self.readers.reads
        mean = self.readers.seconds / self.readers.openings if self.readers.openings else 0.0
        lines = [
            f"kills      {self.kills:,} at {len(self.places)} named places and at random moments: readers kept the old publication "
            f"{self.left['old']:,} times, had the new one {self.left['new']:,} times",
            f"           lost or half-published: {len(self.broken)}; refreshes that went on by themselves: {self.recoveries:,}",
            f"refreshes  {self.refreshes:,} run to their end, {self.switches:,} switches of the link "
            f"(mean {self.refresh_seconds / max(self.refreshes, 1):.1f} s a refresh)",
            f"reads      {reads:,} of {len(self.readers.publications):,} publications in {self.readers.openings:,} openings: opening and "
            f"looking took {mean * 1000:.0f} ms on average, {slow * 1000:.0f} ms at most",
            f"errors     {self.errors}",
            *(f"           {each}" for each in (self.broken + self.readers.errors)[:20]),
        ]
        return "\n".join(lines) + f"\n({self.seconds:,.0f} s)"


class Campaign:
    """A house under siege; houses are changed for fresh ones now and then, so that a refresh costs the same at the end."""

    def __init__(self, folder: Path, warm: Warm, seed: int) -> None:
        self._folder, self._warm, self._chance = folder, warm, random.Random(seed)
        self.tally = Tally()
        self._houses = 0
        self._round = 0
        self._wanted = 0
        self._typical = 3.0
        self._first = build(folder / "first")
        for name in (DATA_SET, CORRECTED):
            self._first.bring(name)
        said = warm.run(self._first.settings.data, "refresh", "--json")
        if said.code != 0:
            raise RuntimeError(f"the first refresh failed: {said.err}")
        self._house = self._first

    def run(self, kills: int, refreshes: int, readers: int, pause: float) -> Tally:
        """So many kills, then so many refreshes, with so many readers all the while."""
        self._wanted = kills
        began = time.monotonic()
        places = [Trouble(dies_at=place, after=after) for place in PHASES for after in (False, True)]
        self._chance.shuffle(places)
        while self.tally.kills < kills or self.tally.refreshes < refreshes:
            self._move_in()
            reading = Readers(self._house.settings.data, readers, pause)
            try:
                while self._round < _ROUNDS_IN_ONE_HOUSE and self.tally.kills < kills:
                    self._siege(places)
                while self._round < _ROUNDS_IN_ONE_HOUSE and self.tally.kills >= kills and self.tally.refreshes < refreshes:
                    self._next_round()
                    self._refresh(inspect(self._house.settings))
            except KeyboardInterrupt:
                # Who has seen enough still gets the account.
                kills = refreshes = 0
            finally:
                self.tally.readers.add(reading.stop())
                _clear(self._house.settings.data)
        self.tally.seconds = time.monotonic() - began
        return self.tally

    def _move_in(self) -> None:
        self._houses += 1
        self._house = move(self._first, self._folder / f"house-{self._houses}")
        self._round = 0

    def _next_round(self) -> None:
        self._round += 1
        file_round(self._house, self._round)

    def _siege(self, places: list[Trouble]) -> None:
        """Kill one refresh after another, then let one run to its end. Kills at places take turns with kills at random moments."""
        before = inspect(self._house.settings)
        self._next_round()
        killed = 0
        while True:
            trouble = places.pop() if places and self._chance.random() < 0.5 else None
            if not self._kill(before, trouble):
                before = inspect(self._house.settings)
                self._next_round()
                continue
            killed += 1
            try:
                now = inspect(self._house.settings)
            except (Torn, OSError) as torn:
                self.tally.broken.append(f"kill {self.tally.kills} ({trouble}): {torn}")
                self._move_in()
                return
            if now == before:
                self.tally.left["old"] += 1
            elif now.round == self._round == before.round + 1:
                self.tally.left["new"] += 1
                self.tally.switches += 1
                before = now
                self._next_round()
            else:
                self.tally.broken.append(f"kill {self.tally.kills} ({trouble}): {before} became {now} in round {self._round}")
            if self._chance.random() < _GOES_ON or self.tally.kills >= self._wanted:
                self._refresh(before)
                self.tally.recoveries += 1
                return

    def _kill(self, before: Seen, trouble: Trouble | None) -> bool:
        data = self._house.settings.data
        started = self._warm.start(data, "refresh", "--json", trouble=trouble)
        began = time.monotonic()
        if trouble is None:
            # A third in the last stretch, where publication is: the rest of it is dbt's and would have most of the kills.
            late = self._chance.random() < 1 / 3
            time.sleep(self._typical * (self._chance.uniform(0.75, 1.0) if late else self._chance.uniform(0.0, 0.9)))
            self._warm.kill(started)
        said = self._warm.end(started)
        if said.code == -signal.SIGKILL:
            self.tally.kills += 1
            if trouble is not None and trouble.dies_at is not None:
                self.tally.places.add(f"{trouble.dies_at} {'after' if trouble.after else 'before'}")
            return True
        self.tally.killed_late += 1
        self._ended(said.code, said.err, before, time.monotonic() - began)
        return False

    def _refresh(self, before: Seen) -> None:
        began = time.monotonic()
        said = self._warm.run(self._house.settings.data, "refresh", "--json")
        self._ended(said.code, said.err, before, time.monotonic() - began)

    def _ended(self, code: int, told: str, before: Seen, seconds: float) -> None:
        self.tally.refreshes += 1
        self.tally.refresh_seconds += seconds
        self._typical = 0.8 * self._typical + 0.2 * seconds
        if code != 0:
            self.tally.broken.append(f"refresh {self.tally.refreshes} left with {code}: {told.strip()[-500:]}")
            return
        try:
            now = inspect(self._house.settings)
        except (Torn, OSError) as torn:
            self.tally.broken.append(f"refresh {self.tally.refreshes}: {torn}")
            return
        if now.round != self._round:
            self.tally.broken.append(f"refresh {self.tally.refreshes}: round {self._round} expected, {now} found")
        if now.publication != before.publication:
            self.tally.switches += 1


def besiege(kills: int, refreshes: int, readers: int, *, pause: float, seed: int, folder: Path | None = None) -> Tally:
    """A whole campaign in a folder of its own (under ``folder``, else the system's), which is removed."""
    place = Path(tempfile.mkdtemp(prefix="marsad-faults-", dir=folder))
    warm = Warm(place / "printed")
    try:
        return Campaign(place, warm, seed).run(kills, refreshes, readers, pause)
    finally:
        warm.close()
        _clear(place)


def _clear(folder: Path) -> None:
    """Remove a house with its publications, whose folders are closed to writing."""
    for publication in folder.rglob("publications/*"):
        publication.chmod(stat.S_IRWXU)
    shutil.rmtree(folder)
