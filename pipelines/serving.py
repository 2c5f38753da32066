"""Dagster's webserver and daemon as one command that ends as a whole.

What does not belong here: what they serve (``definitions``), and who may reach them (docs/night.md).
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from pipelines.errors import Expected
from pipelines.quiet import instance_of, prepare_dagster_home
from pipelines.settings import Settings
from pipelines.warehouse import lock
from pipelines.warehouse.lock import WarehouseLocked

_MODULE = ("--module-name", "pipelines.definitions")
# A refresh that is going may come to its end; systemd and containers are told to wait a little longer than this.
_SECONDS_TO_END = 300.0
_LOOK_EVERY = 0.2
_PR_SET_PDEATHSIG = 1


class ServiceEnded(Expected):
    """The webserver or the daemon ended by itself; the other one was ended too."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Run webserver and daemon until SIGTERM or SIGINT, or until one of them ends. Raises ServiceEnded."""
    prepare_dagster_home(settings)
    clear_dead_runs(settings)
    run_together(
        {
            "webserver": ["-m", "dagster_webserver", *_MODULE, "--host", host, "--port", str(port)],
            "daemon": ["-m", "dagster._daemon", "run", *_MODULE],
        }
    )


def clear_dead_runs(settings: Settings) -> int:
    """Mark runs as failed that were killed with an earlier service; returns how many.

    A run lives only under the writer's lock, so with the lock in hand every run that calls itself started is dead. Left so, it
    would hold the queue's only place. Where another run writes, nothing is judged.
    """
    import dagster as dg

    going = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    try:
        with lock.writer(settings.lock, "looking for dead runs"), instance_of(settings) as instance:
            dead = instance.get_runs(dg.RunsFilter(statuses=going))
            for run in dead:
                instance.report_run_failed(run, "The run was killed, by a signal or with its machine, before it ended.")
    except WarehouseLocked:
        return 0
    return len(dead)


def run_together(commands: Mapping[str, Sequence[str]], seconds_to_end: float = _SECONDS_TO_END) -> None:
    """Run Python with each of these arguments until SIGTERM or SIGINT, or until one ends by itself; then end them all.

    What they started gets ``seconds_to_end`` to come to its end; a second signal ends it at once. Raises ServiceEnded.
    """
    with _asked_to_end() as asked:
        running: dict[str, subprocess.Popen[bytes]] = {}
        ended: list[str] = []
        try:
            for name, arguments in commands.items():
                # A group of its own: what the terminal's Ctrl-C says to all, we say to each.
                running[name] = subprocess.Popen(
                    [sys.executable, *arguments], start_new_session=True, preexec_fn=_end_with_parent
                )
            while not asked and not ended:
                time.sleep(_LOOK_EVERY)
                ended = [name for name, process in running.items() if process.poll() is not None]
        finally:
            _end(list(running.values()), asked, seconds_to_end)
    if not asked:
        raise ServiceEnded(f"the {ended[0]} ended by itself (code {running[ended[0]].returncode}); the rest was ended with it")


def _end(processes: list[subprocess.Popen[bytes]], asked: list[int], seconds: float) -> None:
    """Ask each to end, wait for it and for what it started, and kill what is still there."""
    for process in processes:
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + seconds
    # Each leads a group with its code server, which lets a run that is going come to its end.
    while (left := [each for each in processes if _is_there(each)]) and time.monotonic() < deadline and len(asked) < 2:
        time.sleep(_LOOK_EVERY)
    for process in left:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _is_there(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process, or any that it started, still runs."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def _asked_to_end() -> Iterator[list[int]]:
    """Signals received: SIGTERM and SIGINT are noted instead of ending this process at once."""
    asked: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_with_parent() -> None:
    """In the child: be asked to end when the parent dies without a word (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
