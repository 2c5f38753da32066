"""A warm process: it imports the house once and then runs every command in a fork of itself. Real from end to end, and cheap to
kill: a thousand kills would otherwise be a thousand times the imports.

The process itself only imports: threads (polars, DuckDB) are started by the forks alone, since a fork has none of them.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NoReturn

from tests.integration.running import CHECKOUT, Said, environment


@dataclass(frozen=True)
class Trouble:
    """What befalls a command.

    ``dies_at`` names a function of the house (``module:name``): SIGKILL just before it is called or, ``after``, when it has
    returned, at its ``nth`` call. ``dies_on_change`` is the number of the change to a file or folder under the warehouse at which it
    dies, just before it is made. ``most_bytes`` is the size that no file may outgrow, as on a full disk. ``user`` runs it as
    another user, whom file modes bind.
    """

    dies_at: str | None = None
    after: bool = False
    nth: int = 1
    dies_on_change: int | None = None
    most_bytes: int | None = None
    user: int | None = None


class Warm:
    """The warm process, seen from outside. One command at a time by ``run``, or several by ``start`` and ``end``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        command = [sys.executable, "-W", "ignore", "-m", "tests.faults.warm"]
        pipe = subprocess.PIPE
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            command, env=environment(folder), cwd=CHECKOUT, stdin=pipe, stdout=pipe, text=True, bufsize=1
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout

    def start(
        self, data: Path, *arguments: str, trouble: Trouble | None = None, program: str = "pipelines.cli", **said: str
    ) -> tuple[int, Path]:
        """Begin ``marsad`` (or ``main`` of another module) with ``arguments`` in the house at ``data``, ``said`` being added to
        its environment; returns its process and where it prints.
        """
        self._count += 1
        printed = self._folder / f"{self._count:06d}"
        asked = {"data": str(data), "arguments": arguments, "printed": str(printed), "program": program, "environment": said}
        pid = self._ask(**asked, **vars(trouble or Trouble()))
        return pid, printed

    def end(self, started: tuple[int, Path]) -> Said:
        """Wait for what was started; the code is negative, a signal's, when it was killed."""
        pid, printed = started
        code = self._ask(wait_for=pid)
        said = [Path(f"{printed}.{name}") for name in ("out", "err")]
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in said)
        for path in said:
            path.unlink()
        return Said(code, out, err)

    def run(
        self, data: Path, *arguments: str, trouble: Trouble | None = None, program: str = "pipelines.cli", **said: str
    ) -> Said:
        """The same from beginning to end."""
        return self.end(self.start(data, *arguments, trouble=trouble, program=program, **said))

    def kill(self, started: tuple[int, Path]) -> None:
        """SIGKILL what was started, unless it has ended: until it is waited for, its number is nobody else's."""
        os.kill(started[0], signal.SIGKILL)

    def close(self) -> None:
        """Let the process go."""
        self._in.close()
        self._process.wait(timeout=60)
        self._out.close()

    def _ask(self, **said: Any) -> int:
        self._in.write(json.dumps(said) + "\n")
        self._in.flush()
        answer = self._out.readline()
        assert answer, "the warm process has ended"
        return int(answer)


# What a refresh would import on its way; in the order of cost.
_IMPORTED = (
    "dagster_dbt", "dbt.cli.main", "dbt.adapters.duckdb", "dbt.adapters.duckdb.connections", "pandera.backends.polars.register",
    "pipelines.definitions", "pipelines.event_log", "pipelines.explaining", "pipelines.filing", "pipelines.cli",
    "pipelines.sources.figures", "pyarrow", "structlog", "sqlparse", "upath",
    "dagster._core.storage.runs", "dagster._core.storage.schedules", "dagster._core.storage.local_compute_log_manager",
    "dagster._core.remote_representation", "dagster._core.run_coordinator.queued_run_coordinator",
    "dagster._core.launcher.default_run_launcher", "dagster._core.scheduler.scheduler",
)  # fmt: skip


def serve(requests: IO[str], answers: IO[str]) -> None:
    """Answer requests, a line each: start a command (its process), or wait for one (its exit code)."""
    for name in _IMPORTED:
        import_module(name)
    for line in requests:
        asked = json.loads(line)
        if "wait_for" in asked:
            answer = os.waitstatus_to_exitcode(os.waitpid(asked["wait_for"], 0)[1])
        else:
            answer = os.fork() or _child(asked)
        answers.write(f"{answer}\n")
        answers.flush()


def _child(asked: dict[str, Any]) -> NoReturn:
    for number, name in ((1, "out"), (2, "err")):
        descriptor = os.open(f"{asked['printed']}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(descriptor, number)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    code = 1
    try:
        code = _marsad(asked)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        # Not the warm process's own way out.
        os._exit(code)


def _marsad(asked: dict[str, Any]) -> int:
    program = import_module(asked["program"])
    os.environ["MARSAD_DATA"] = asked["data"]
    os.environ.update(asked["environment"])
    os.chdir(asked["data"])
    _prepare(Trouble(**{name: asked[name] for name in vars(Trouble())}), Path(asked["data"]) / "warehouse")
    sys.argv = ["marsad", *asked["arguments"]]
    try:
        program.main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0


def _prepare(trouble: Trouble, warehouse: Path) -> None:
    if trouble.dies_at is not None:
        _die_at(trouble.dies_at, trouble.after, trouble.nth)
    if trouble.dies_on_change is not None:
        _die_on_change(trouble.dies_on_change, warehouse)
    if trouble.most_bytes is not None:
        # With the signal ignored the write fails instead, as it does on a full disk.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (trouble.most_bytes, trouble.most_bytes))
    if trouble.user is not None:
        os.setgroups([])
        os.setgid(trouble.user)
        os.setuid(trouble.user)


def _die_at(place: str, after: bool, nth: int) -> None:
    module, _, name = place.partition(":")
    owner = import_module(module)
    function: Callable[..., Any] = getattr(owner, name)
    calls = 0

    def fatal(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls != nth:
            return function(*arguments, **named)
        if after:
            function(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, name, fatal)


# Python tells of these before they happen. DuckDB's, SQLite's and dbt's own writes are met by kills at random moments.
_CHANGES = {
    "os.rename", "os.remove", "os.symlink", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate", "os.utime", "shutil.copyfile",
    "shutil.rmtree", "open",
}  # fmt: skip


def _die_on_change(number: int, warehouse: Path) -> None:
    seen = 0
    beneath = str(warehouse)

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        if event not in _CHANGES or not any(beneath in str(each) for each in arguments[:2]):
            return
        if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR):
            return
        if "/dagster/" in str(arguments[0]) or "/dbt/" in str(arguments[0]):
            return
        seen += 1
        if seen == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    serve(sys.stdin, answers)
