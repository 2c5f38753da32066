"""Why a run failed, a line per reason, read from Dagster's events: for who asked for it and for who is told about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pipelines.quiet import PUBLICATION_KEY

if TYPE_CHECKING:
    import dagster as dg


# An error of this package, as Dagster writes its name before its message.
_OURS = re.compile(r"pipelines(\.\w+)+: ")


def reasons(events: Iterable[dg.DagsterEvent]) -> list[str]:
    """Of a failed run: checks that blocked, steps that failed, and, where there is neither, what ended it."""
    said = list(events)
    # The publication says itself, and better, what its own check found.
    published = "/".join(PUBLICATION_KEY)
    verdicts = [
        event.asset_check_evaluation_data
        for event in said
        if event.event_type_value == "ASSET_CHECK_EVALUATION" and event.step_key != published
    ]
    found = [
        f"{'/'.join(verdict.asset_key.path)}: check {verdict.check_name} failed: {_shown(verdict.metadata)}"
        for verdict in verdicts
        if not verdict.passed and verdict.severity.value == "ERROR"
    ]
    for event in said:
        if event.is_step_failure:
            failure = event.step_failure_data
            told = failure.user_failure_data.description if failure.user_failure_data else None
            if told or not found:
                found.append(f"{event.step_key}: {told or _cause(failure.error, str(event.message))}")
        elif event.is_run_failure and not found:
            found.append(_cause(event.job_failure_data.error, str(event.message)))
    return found


def _cause(error: dg.SerializableErrorInfo | None, otherwise: str) -> str:
    """Message of what an error goes back to: the first of ours, which says file and line, or else the last one."""
    while error is not None and error.cause is not None and not _OURS.match(error.message):
        error = error.cause
    return otherwise if error is None else _OURS.sub("", error.message).strip()


def _shown(metadata: Any) -> str:
    return "; ".join(f"{name}: {value.value}" for name, value in metadata.items())
