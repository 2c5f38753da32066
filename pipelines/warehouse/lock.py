"""One writer at a time: a lock that names its holder and dies with it.

The lock is the kernel's (flock), so a killed holder leaves nothing to clean up; the line inside the file only tells people.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import Locked

_ASKED_AGAIN_AFTER = 1.0


class WarehouseLocked(Locked):
    """Another process is writing; the message says who, where and since when."""


HELD = "the warehouse is being written: "
"""How WarehouseLocked begins."""


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait until nobody else is at it, for what takes a moment: readers of the dbt project take turns in its target folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def writer(path: Path, run: str, patience_seconds: float = 0.0, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Hold the lock at ``path`` for ``run``; wait for it no longer than ``patience_seconds``. Raises WarehouseLocked.

    ``waiting`` is told once who holds it, when there is somebody to wait for.
    """
    until, told = time.monotonic() + patience_seconds, False
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        while not _taken(file.fileno()):
            held = f"{HELD}{_holder(path)}"
            if time.monotonic() >= until:
                raise WarehouseLocked(f"{held}; try again when that run has ended")
            if waiting is not None and not told:
                waiting(f"{held}; waiting for it to end, for {patience_seconds / 60:.0f} minutes at most")
                told = True
            time.sleep(min(_ASKED_AGAIN_AFTER, max(0.0, until - time.monotonic())))
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "run": run,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        # On a full disk the lock holds without its line: going back to an earlier publication must work there too.
        with suppress(OSError):
            _write(file.fileno(), json.dumps(holder) + "\n")
        try:
            yield
        finally:
            _write(file.fileno(), "")


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.write(descriptor, text.encode())


def _holder(path: Path) -> str:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        return f"process {held['pid']} on {held['host']}, run {held['run']}, since {held['since']}"
    except (ValueError, KeyError):
        # Between taking the lock and writing its line, a holder has no name yet.
        return "by a process that has just started"
