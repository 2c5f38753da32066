"""Runs dbt inside this process, on the draft: parse when a model changed, build in one invocation.

A child process would outlive a killed parent and go on writing, and would cost a third more. What does not belong here:
what Dagster makes of the results (``assets.models``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.errors import Blocked
from pipelines.settings import Settings
from pipelines.warehouse import lock

_STAMP = "made_from"


class DbtFailed(Blocked):
    """dbt itself could not run: the project does not parse, the draft cannot be opened."""


@dataclass(frozen=True)
class NodeResult:
    """What became of one seed, model or test. ``status`` is dbt's: success, pass, warn, error, fail, skipped."""

    unique_id: str
    status: str
    message: str
    failures: int | None
    seconds: float

    @property
    def good(self) -> bool:
        """Whether the run may go on."""
        return self.status in ("success", "pass", "warn", "no-op")


def manifest(settings: Settings, made_from: str) -> dict[str, Any]:
    """dbt's manifest, parsed again only when the fingerprint of models and seeds changed. Raises DbtFailed."""
    # The page and the daemon load definitions whenever they like, without the writer's lock.
    with lock.turn(_turns(settings)):
        return _manifest(settings, made_from)


def _turns(settings: Settings) -> Path:
    return settings.dbt_target.with_name("turn.lock")


def _manifest(settings: Settings, made_from: str) -> dict[str, Any]:
    path = settings.dbt_target / "manifest.json"
    stamp = settings.dbt_target / _STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == made_from:
        # Not written in one step: a power cut may leave half of it.
        with suppress(OSError, ValueError):
            kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return kept
    stamp.unlink(missing_ok=True)
    _be_utf8(settings.dbt_project)
    _invoke(settings, "parse")
    stamp.write_text(made_from, encoding="utf-8")
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said


def _be_utf8(project: Path) -> None:
    """dbt names no file of which it cannot read a byte. Raises DbtFailed."""
    for path in sorted(path for form in ("*.sql", "*.yml", "*.md") for path in project.rglob(form)):
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DbtFailed(f"{path}: is no UTF-8: {error}") from error


def build(
    settings: Settings, select: list[str] | None = None, *, without: Sequence[str] = (), only_touched: bool = False
) -> list[NodeResult]:
    """``dbt build`` of everything, or of the nodes named in ``select``; unit tests are the test suite's, not the night's.

    The nodes ``without`` (by unique id) stand as they are, and come last among the results, as good.
    ``only_touched`` leaves in incremental models what the draft does not note as touched (``warehouse.touched``), and has
    tests look at what it does.

    Raises DbtFailed when dbt could not run at all; failing models and tests are results.
    """
    # Of a part, only the tests of that part and what it rests on: others would hold new tables against old ones.
    chosen = ["--select", *select, "--indirect-selection", "buildable"] if select else []
    with lock.turn(_turns(settings)):
        whole = [] if only_touched else ["--full-refresh"]
        # Tests are selected with what they test, and left out with it; these are all asked.
        left = ["--exclude", *(each.split(".")[-1] for each in without), "--indirect-selection", "empty"] if without else []
        # The manifest stands since it was parsed; the results are told to Dagster.
        command = ("build", "--no-write-json", "--exclude-resource-type", "unit_test", *whole, *chosen, *left)
        built = _invoke(settings, *command, built_of="touched" if only_touched else "everything")
    return built + [NodeResult(each, "no-op", "stands as it was", None, 0.0) for each in without]


def _invoke(settings: Settings, *command: str, built_of: str = "everything") -> list[NodeResult]:
    # Imported here: on a night with nothing new dbt is not even loaded.
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    project = _project_beside(settings)
    with _environment(settings, built_of):
        outcome = dbtRunner().invoke(
            [
                "--no-use-colors", "--log-level", "none", "--log-level-file", "none",
                "--log-path", str(settings.dbt_target / "logs"), "--no-send-anonymous-usage-stats", "--no-version-check",
                *command, "--project-dir", str(project), "--profiles-dir", str(project),
                "--target-path", str(settings.dbt_target),
            ]
        )  # fmt: skip
    # dbt keeps the draft open between nodes, which is quicker; afterwards the next step opens it in its own way.
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if isinstance(outcome.exception, KeyboardInterrupt):
        # dbt hands Ctrl-C back as one of its failures, which it is not.
        raise outcome.exception
    if outcome.exception is not None:
        raise DbtFailed(f"dbt {command[0]}: {outcome.exception}") from outcome.exception
    return [
        NodeResult(each.node.unique_id, str(each.status), str(each.message or ""), each.failures, float(each.execution_time))
        for each in getattr(outcome.result, "results", [])
    ]


def _project_beside(settings: Settings) -> Path:
    """The project as links beside the draft, ``../data/seeds`` from there being this warehouse's seeds.

    dbt writes what it compiled under its target folder joined with each file's path from the project: were the seeds named
    by an absolute path, it would write over them.
    """
    project = settings.dbt_target.parent / "project"
    links = {project / path.name: path for path in sorted(settings.dbt_project.iterdir()) if path.name not in ("target", "logs")}
    links[project.parent / "data" / "seeds"] = settings.seeds
    for link, path in links.items():
        if not link.is_symlink() or link.readlink() != path:
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(path)
    return project


@contextmanager
def _environment(settings: Settings, built_of: str) -> Iterator[None]:
    """What the profile reads, where the draft is, and what tests read (``macros/touched.sql``)."""
    said = {"MARSAD_DRAFT": str(settings.draft), "MARSAD_BUILT_OF": built_of, "DO_NOT_TRACK": "1"}
    before = {name: os.environ.get(name) for name in said}
    os.environ.update(said)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
