"""Runs Marsad the way people do: the command in this process or as a process of its own, and what a reader then sees."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

from pipelines import cli
from pipelines.datasets import checksum
from pipelines.settings import Settings
from tests.house import House, move

CHECKOUT = Path(__file__).parents[2]
COMMAND = Path(sysconfig.get_path("scripts")) / "marsad"
SMALL = ("company_creation/ompic_barometer", "offshoring/exports", "strategy/strategy_events", "strategy/strategy_targets")
BAROMETER = "company_creation/ompic_barometer"


@dataclass(frozen=True)
class Said:
    """What a command left with, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line of an expected failure, without the name in front of it."""
        assert self.err.startswith("marsad: "), self.err
        assert "Traceback" not in self.err
        return self.err.removeprefix("marsad: ").strip()


@contextmanager
def at(data: Path) -> Iterator[None]:
    """Everything that asks the environment finds the house at ``data``."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MARSAD_DATA", str(data))
        environment.setenv("COLUMNS", "200")
        for name in ("MARSAD_WAREHOUSE", "DAGSTER_HOME"):
            # Set first, so that what the code sets in between is taken back too.
            environment.setenv(name, "")
        yield


def marsad(data: Path, *arguments: str) -> Said:
    """``marsad`` with ``arguments`` in this process: the same code without waiting for its imports again."""
    out, err = io.StringIO(), io.StringIO()
    with at(data), mock.patch.object(sys, "argv", ["marsad", *arguments]), redirect_stdout(out), redirect_stderr(err):
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
    return Said(code, out.getvalue(), err.getvalue())


def environment(data: Path) -> dict[str, str]:
    """What a process of its own needs to work in the house at ``data`` with the code of this checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in ("MARSAD_WAREHOUSE", "DAGSTER_HOME")}
    return kept | {"MARSAD_DATA": str(data), "PYTHONPATH": str(CHECKOUT), "COLUMNS": "200", "TERM": "xterm"}


class Waiting:
    """A Python program in a process of its own, in the house at ``data``, that reads one line before it begins."""

    def __init__(self, data: Path, program: str) -> None:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", program]
        self.process = subprocess.Popen(command, env=environment(data), cwd=data, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def go(self) -> Said:
        """Let it begin, and wait until it ends."""
        out, err = self.process.communicate("go\n", timeout=300)
        return Said(self.process.returncode, out, err)


def ask(settings: Settings, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """What a reader of the published file is answered."""
    with duckdb.connect(settings.published.resolve(), read_only=True) as connection:
        return connection.execute(sql, parameters).fetchall()


def one(settings: Settings, sql: str, parameters: Sequence[Any] = ()) -> Any:
    """The only value of the only row."""
    [(value,)] = ask(settings, sql, parameters)
    return value


def content(file: Path, folder: Path) -> dict[str, bytes]:
    """Every table and view of a published file as CSV, in the order of its columns: the warehouse, row for row."""
    folder.mkdir()
    with duckdb.connect(file, read_only=True) as connection:
        relations = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal union all "
            "select schema_name, view_name from duckdb_views() where not internal order by all"
        ).fetchall()
        for schema, name in relations:
            connection.execute(f"copy (select * from {schema}.{name} order by all) to '{folder / (schema + '.' + name)}.csv'")
    return {path.stem: path.read_bytes() for path in sorted(folder.iterdir())}


def copied(house: House, root: Path) -> House:
    """A copy of the house with its warehouse, for one test to change; Dagster's own history stays behind."""
    made = move(house, root)
    shutil.rmtree(made.settings.warehouse / "dagster", ignore_errors=True)
    return made


def edit_seed(seed: Path, key: str, **changes: str) -> None:
    """Edit a seed in place: the row whose first column is ``key`` gets these values."""
    with seed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    [row] = [row for row in rows if next(iter(row.values())) == key]
    row.update(changes)
    with seed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def checksums(*folders: Path) -> dict[str, str]:
    """SHA-256 of every file under ``folders``."""
    return {str(path): checksum(path) for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()}
