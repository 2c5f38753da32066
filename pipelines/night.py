"""The nightly refresh: when it starts, that it rests when nothing is new, and who hears of it when it does not go well.

What does not belong here: what a report says and how it travels (``alerts``).
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines import alerts, fingerprint
from pipelines.quiet import PUBLICATION_KEY, heartbeat, why_rest
from pipelines.reasons import reasons
from pipelines.settings import Settings
from pipelines.warehouse import lock, publication

# Not between two and three: there Casablanca's clocks go back when Ramadan begins and forward when it ends, so that 02:30
# comes twice in one night of the year and not at all in another.
CRON = "30 4 * * *"
TIMEZONE = "Africa/Casablanca"

# A refresh by hand may still be writing at half past four: the night waits for it.
PATIENCE_SECONDS = 1800

_SOON, _HOURLY = 30, 3600


def nightly_schedule(job: Any) -> dg.ScheduleDefinition:
    """04:30 in Casablanca, every night, for ``job``. A night with nothing new leaves a heartbeat and starts no run."""

    @dg.schedule(
        name="nightly_refresh",
        cron_schedule=CRON,
        execution_timezone=TIMEZONE,
        job=job,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Refresh the warehouse at 04:30 Casablanca time; rests when no input changed since the last publication.",
    )
    def nightly_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = Settings.from_environment()
        try:
            with lock.writer(settings.lock, "looking for what is new, at night"):
                publication.mend(settings)
                rest = why_rest(settings, fingerprint.of(fingerprint.inputs(settings)))
        except lock.WarehouseLocked:
            # Somebody writes at this very moment: the run waits for them, and looks then.
            rest = None
        if rest is None:
            return dg.RunRequest(run_config={"resources": {"warehouse": {"config": {"patience_seconds": PATIENCE_SECONDS}}}})
        heartbeat(context.instance, settings, rest)
        alerts.well(settings, rest)
        return dg.SkipReason(rest)

    return nightly_refresh


def night_sensors(job: Any) -> list[dg.SensorDefinition]:
    """Sensors that tell when ``job`` failed, when it goes well again, and when the publication or a source is too old."""

    @dg.run_failure_sensor(
        name="refresh_failed",
        monitored_jobs=[job],
        minimum_interval_seconds=_SOON,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes a report of every failed refresh, and sends it to MARSAD_NOTIFY.",
    )
    def refresh_failed(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run.run_id
        events = [entry.dagster_event for entry in context.instance.all_logs(run) if entry.dagster_event is not None]
        alerts.failed(Settings.from_environment(), run, reasons(events))

    @dg.run_status_sensor(
        run_status=dg.DagsterRunStatus.SUCCESS,
        name="refresh_well_again",
        monitored_jobs=[job],
        minimum_interval_seconds=_SOON,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports, once, that a refresh went well after failures.",
    )
    def refresh_well_again(context: dg.RunStatusSensorContext) -> None:
        alerts.well(Settings.from_environment(), f"run {context.dagster_run.run_id} went well")

    @dg.sensor(
        name="staleness",
        minimum_interval_seconds=_HOURLY,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports a publication that is too old, and sources later than promised: once a day at most.",
    )
    def staleness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        told = alerts.look(Settings.from_environment(), seen_fresh(context.instance))
        return dg.SkipReason("; ".join(report.title for report in told) or "nothing new to tell")

    return [refresh_failed, refresh_well_again, staleness]


def seen_fresh(instance: dg.DagsterInstance) -> datetime | None:
    """When the publication was last made, or found as fresh as its inputs."""
    event = instance.get_latest_materialization_event(dg.AssetKey(PUBLICATION_KEY))
    return None if event is None else datetime.fromtimestamp(event.timestamp, UTC)
