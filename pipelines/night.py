"""The nightly refresh: when it starts, that it rests when nothing is new, and who hears of it when it does not go well.

What does not belong here: what a report says and how it travels (``alerts``).
"""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines import alerts, fingerprint
from pipelines.datasets import data_sets
from pipelines.errors import Expected
from pipelines.fetching import attempts
from pipelines.fetching.run import offline, sources
from pipelines.quiet import PUBLICATION_KEY, heartbeat, why_rest
from pipelines.reasons import reasons
from pipelines.refresh import RefreshFailed, refresh
from pipelines.settings import Settings
from pipelines.warehouse import lock, publication

# Not between two and three: there Casablanca's clocks go back when Ramadan begins and forward when it ends, so that 02:30
# comes twice in one night of the year and not at all in another.
CRON = "30 4 * * *"
TIMEZONE = "Africa/Casablanca"

# A refresh by hand may still be writing at half past four: the night waits for it.
PATIENCE_SECONDS = 1800

_SOON, _HOURLY = 30, 3600
_TOLD = "reported"


def night_job() -> dg.JobDefinition:
    """A night that asks the publishers first: one operation that fetches and then refreshes, as ``marsad refresh --fetch`` does.

    The refresh is a run of its own beside it, unless nothing is new. The night fails when the refresh does, or when no source
    answered at all; one that does not answer stops nothing.
    """

    @dg.op(name="fetch_and_refresh")
    def fetch_and_refresh(context: dg.OpExecutionContext) -> None:
        try:
            outcome = refresh(Settings.from_environment(), fetch=True, patience_seconds=PATIENCE_SECONDS)
        except RefreshFailed as failed:
            raise dg.Failure(str(failed), metadata={_TOLD: "by the refresh's own run"}, allow_retries=False) from failed
        except Expected as expected:
            raise dg.Failure(str(expected), allow_retries=False) from expected
        known = attempts.health(Settings.from_environment())
        for attempt in outcome.fetched:
            tell = context.log.warning if attempt.outcome in attempts.FAILURES else context.log.info
            tell(f"{attempt.dataset}: {attempt.outcome} {attempt.release or attempt.message or ''}")
            context.log_event(_seen(attempt, known.get(attempt.dataset, attempts.Health())))
        asked = [attempt for attempt in outcome.fetched if attempt.outcome != attempts.SKIPPED]
        if asked and all(attempt.outcome in attempts.FAILURES for attempt in asked):
            raise dg.Failure(f"none of the {len(asked)} sources gave anything", allow_retries=False)

    @dg.job(
        name="night",
        description="Ask the publishers, then refresh: what the schedule starts where a data set is fetched.",
        executor_def=dg.in_process_executor,
    )
    def night() -> None:
        fetch_and_refresh()

    return night


def _seen(attempt: attempts.Attempt, known: attempts.Health) -> dg.AssetObservation:
    """What the data set's own page shows of the night that asked its publisher; times in UTC."""
    return dg.AssetObservation(
        asset_key=attempt.dataset.split("/"),
        description=attempt.message,
        metadata={
            "outcome": attempt.outcome,
            "release": attempt.release or "none",
            "last attempt": known.last_attempt or "never",
            "last success": known.last_success or "never",
            "last change": known.last_change or "never",
            "failures since": known.failing,
            "seconds": attempt.seconds,
            "requests": attempt.requests,
            "bytes": attempt.bytes,
        },
    )


def nightly_schedule(job: Any) -> dg.ScheduleDefinition:
    """04:30 in Casablanca, every night, for ``job``. Where nobody is asked, a night with nothing new starts no run."""

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
        if not offline() and any(source.enabled for source in sources(data_sets(settings.raw, settings.elsewhere))):
            return dg.RunRequest()
        try:
            with lock.writer(settings.lock, "looking for what is new, at night"):
                publication.mend(settings)
                rest = why_rest(settings, fingerprint.of(fingerprint.inputs(settings)))
        except lock.WarehouseLocked:
            # Somebody writes at this very moment: the run waits for them, and looks then.
            rest = None
        if rest is None:
            return dg.RunRequest()
        heartbeat(context.instance, settings, rest)
        alerts.well(settings, rest)
        return dg.SkipReason(rest)

    return nightly_refresh


def night_sensors(job: Any, night: Any) -> list[dg.SensorDefinition]:
    """Sensors that tell of a failed ``job`` or ``night``, of its going well again, of a publication or source that is too old."""

    @dg.run_failure_sensor(
        name="refresh_failed",
        monitored_jobs=[job, night],
        minimum_interval_seconds=_SOON,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes a report of every failed refresh, and sends it to MARSAD_NOTIFY.",
    )
    def refresh_failed(context: dg.RunFailureSensorContext) -> None:
        run = context.dagster_run.run_id
        events = [entry.dagster_event for entry in context.instance.all_logs(run) if entry.dagster_event is not None]
        if not any(_told(event) for event in events):
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


def _told(event: dg.DagsterEvent) -> bool:
    """Whether a night failed because its refresh did, which is a run of its own with a report of its own."""
    return event.is_step_failure and (said := event.step_failure_data.user_failure_data) is not None and _TOLD in said.metadata


def seen_fresh(instance: dg.DagsterInstance) -> datetime | None:
    """When the publication was last made, or found as fresh as its inputs."""
    event = instance.get_latest_materialization_event(dg.AssetKey(PUBLICATION_KEY))
    return None if event is None else datetime.fromtimestamp(event.timestamp, UTC)
