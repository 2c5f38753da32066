"""What was asked of each publisher and what came of it: a log beside the warehouse, never in it.

One JSON line per source and night, so that the same releases always make the same warehouse, whatever the weather was.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pipelines.settings import Settings

NEW, UNCHANGED, NOT_MODIFIED = "NEW", "UNCHANGED", "NOT_MODIFIED"
UNANSWERED, REFUSED, DRIFTED, SKIPPED = "UNANSWERED", "REFUSED", "DRIFTED", "SKIPPED"
SUCCESSES = (NEW, UNCHANGED, NOT_MODIFIED)
FAILURES = (UNANSWERED, REFUSED, DRIFTED)

# Some ten years of nights for thirty sources; then the older half goes.
_MOST_BYTES = 32_000_000


@dataclass(frozen=True)
class Attempt:
    """One source asked once. ``outcome`` is NEW, UNCHANGED, NOT_MODIFIED, UNANSWERED, REFUSED, DRIFTED or SKIPPED;
    ``at`` is UTC; ``release`` names what was filed; ``message`` says what went wrong.
    """

    dataset: str
    at: str
    outcome: str
    seconds: float
    requests: int = 0
    bytes: int = 0
    release: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Health:
    """What the log says of one source, times in UTC; ``failing`` counts failures since the last success."""

    last_attempt: str | None = None
    last_success: str | None = None
    last_change: str | None = None
    failing: int = 0
    message: str | None = None


def note(settings: Settings, attempts: list[Attempt]) -> None:
    """Append to the log, on disk when this returns."""
    if not attempts:
        return
    path = _path(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _MOST_BYTES:
        _halve(path)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(attempt), ensure_ascii=False) + "\n" for attempt in attempts)
        file.flush()
        os.fsync(file.fileno())


def health(settings: Settings) -> dict[str, Health]:
    """By data set, what the log says. A last line that a power cut left torn counts as not written."""
    found: dict[str, Health] = {}
    path = _path(settings)
    if not path.exists():
        return found
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            attempt = Attempt(**json.loads(line))
        except (ValueError, TypeError):
            continue
        if attempt.outcome == SKIPPED:
            continue
        before = found.get(attempt.dataset, Health())
        succeeded = attempt.outcome in SUCCESSES
        found[attempt.dataset] = Health(
            last_attempt=attempt.at,
            last_success=attempt.at if succeeded else before.last_success,
            last_change=attempt.at if attempt.outcome == NEW else before.last_change,
            failing=0 if succeeded else before.failing + 1,
            message=None if succeeded else attempt.message,
        )
    return found


def said(moment: datetime) -> str:
    """A moment as the log writes it: UTC, to the second."""
    return moment.replace(microsecond=0).isoformat()


def _path(settings: Settings) -> Path:
    return settings.warehouse / "fetches.jsonl"


def _halve(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text("".join(lines[len(lines) // 2 :]), encoding="utf-8")
    temporary.replace(path)
