"""The nightly refresh: when it starts, and that it rests when nothing is new."""

from typing import Any

import dagster as dg

from pipelines import fingerprint
from pipelines.quiet import heartbeat, why_rest
from pipelines.settings import Settings

CRON = "30 2 * * *"
TIMEZONE = "Africa/Casablanca"


def nightly_schedule(job: Any) -> dg.ScheduleDefinition:
    """02:30 in Casablanca, every night, for ``job``. A night with nothing new leaves a heartbeat and starts no run."""

    @dg.schedule(
        name="nightly_refresh",
        cron_schedule=CRON,
        execution_timezone=TIMEZONE,
        job=job,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Refresh the warehouse at 02:30 Casablanca time; rests when no input changed since the last publication.",
    )
    def nightly_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = Settings.from_environment()
        rest = why_rest(settings, fingerprint.of(fingerprint.inputs(settings)))
        if rest is None:
            return dg.RunRequest()
        heartbeat(context.instance, settings, rest)
        return dg.SkipReason(rest)

    return nightly_refresh
