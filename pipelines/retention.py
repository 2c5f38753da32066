"""The end of Dagster's history: runs that are older than so many days go, with their events, after a refresh that went well.

What does not belong here: publications and their manifests, which ``warehouse.publication`` keeps by number.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from pipelines.errors import BadInput

if TYPE_CHECKING:
    import dagster as dg

HISTORY_DAYS = "MARSAD_HISTORY_DAYS"
"""Environment variable: how long runs, and the ticks of schedule and sensors, are kept (days)."""

_DAYS = 90


def history_days() -> int:
    """For how many days Dagster's history is kept. Raises BadInput when the variable is no whole number above zero."""
    said = os.environ.get(HISTORY_DAYS) or str(_DAYS)
    if not (said.isascii() and said.isdigit() and int(said) > 0):
        raise BadInput(f"{HISTORY_DAYS} is {said!r}: say how many days Dagster's runs are kept, as a whole number above zero")
    return int(said)


def forget(instance: dg.DagsterInstance, days: int) -> int:
    """Delete the runs that ended and were made more than ``days`` ago; returns how many.

    A run that holds an asset's latest materialization stays, however old: its events are what the asset's page shows. One that
    waits or is going stays too.
    """
    # Imported here: whoever only asks for the days does not wait for Dagster.
    import dagster as dg

    old = instance.get_runs(
        dg.RunsFilter(
            statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED],
            created_before=datetime.now(UTC) - timedelta(days=days),
        )
    )
    if not old:
        return 0
    entries = [record.asset_entry for record in instance.get_asset_records()]
    shown = {entry.last_materialization_record.run_id for entry in entries if entry.last_materialization_record is not None}
    gone = [run.run_id for run in old if run.run_id not in shown]
    for run_id in gone:
        instance.delete_run(run_id)
    return len(gone)
