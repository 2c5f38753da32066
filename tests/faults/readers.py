"""Analysts: processes that open, query, hold and leave the published file all the while, and count what goes wrong."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.settings import Settings
from pipelines.warehouse import reading
from tests.faults.belonging import Torn, look, read_through_the_link
from tests.integration.running import CHECKOUT, environment

_HELD = 0.1
"""Share of the openings that are held and asked again and again."""


@dataclass
class Account:
    """What one reader, or all of them, met. A read is one look at everything; ``slowest`` is the longest opening and look (seconds)."""

    reads: int = 0
    openings: int = 0
    publications: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0

    def add(self, other: Account) -> None:
        """Take up another reader's account."""
        self.reads += other.reads
        self.openings += other.openings
        self.publications |= other.publications
        self.errors += other.errors
        self.slowest = max(self.slowest, other.slowest)
        self.seconds += other.seconds


class Readers:
    """So many reading processes of the house at ``data``, until they are told to stop."""

    def __init__(self, data: Path, count: int, pause: float) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "tests.faults.readers"]
        self._processes = [
            subprocess.Popen(
                [*command, str(number), str(pause)], env=environment(data), cwd=CHECKOUT, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True,
            )
            for number in range(count)
        ]  # fmt: skip

    def stop(self) -> Account:
        """Let every reader finish its look and give its account."""
        total = Account()
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for number, process in enumerate(self._processes):
            out, _ = process.communicate(timeout=120)
            if process.returncode != 0:
                total.errors.append(f"reader {number} left with {process.returncode}")
                continue
            said = json.loads(out)
            total.add(Account(**said | {"publications": set(said["publications"])}))
        return total


def read_until_told(number: int, pause: float) -> Account:
    """Open by the link or by ``marsad``'s own way, look, often hold and look again: the answers must not change in between."""
    settings, account, chance = Settings.from_environment(), Account(), random.Random(number)
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    while not stopping:
        before = time.perf_counter()
        try:
            if chance.random() < 0.5:
                with read_through_the_link(settings) as connection:
                    _look_and_hold(connection, account, chance, before, pause, lambda: stopping)
            else:
                with reading.reader(settings) as connection:
                    _look_and_hold(connection, account, chance, before, pause, lambda: stopping)
        except Exception as error:
            # Whatever it is, an analyst would have met it.
            account.errors.append(f"reader {number}, look {account.reads + 1}: {type(error).__name__}: {error}")
        time.sleep(pause * chance.random() * 2)
    return account


def _look_and_hold(connection, account, chance, before, pause, stopping) -> None:  # type: ignore[no-untyped-def]
    seen = look(connection)
    took = time.perf_counter() - before
    account.reads += 1
    account.openings += 1
    account.publications.add(seen.publication)
    account.slowest, account.seconds = max(account.slowest, took), account.seconds + took
    if chance.random() < _HELD:
        for _ in range(chance.randrange(2, 40)):
            if stopping():
                return
            time.sleep(pause)
            if (again := look(connection)) != seen:
                raise Torn(f"held {seen}, and was answered {again}")
            account.reads += 1


if __name__ == "__main__":
    found = read_until_told(int(sys.argv[1]), float(sys.argv[2]))
    print(json.dumps(vars(found) | {"publications": sorted(found.publications)}))
    sys.stdout.flush()
    os._exit(0)
