"""Dagster's history as it is after many nights: what a test ran just now, made to look old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

from pipelines.retention import history_days


def make_old(instance: dg.DagsterInstance, days: int | None = None) -> int:
    """Every run was made ``days`` ago, a day more than is kept when none are said; returns how many there are."""
    storage = instance.run_storage
    assert isinstance(storage, SqlRunStorage)
    then = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=history_days() + 1 if days is None else days)
    with storage.connect() as connection:
        return connection.execute(db.update(RunsTable).values(create_timestamp=then)).rowcount
