"""Dagster looks into the inbox every minute, and says what it filed and what it left; the next refresh loads it."""

import dagster as dg

from pipelines.errors import Locked
from pipelines.inbox import take
from pipelines.settings import Settings
from pipelines.warehouse import lock

SECONDS_BETWEEN = 60


def inbox_sensor() -> dg.SensorDefinition:
    """The sensor ``inbox``. It asks for no run: what it files is loaded with everything else, at night."""

    @dg.sensor(
        name="inbox",
        minimum_interval_seconds=SECONDS_BETWEEN,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Files what people put into data/inbox/<domain>/<dataset>/; what is wrong stays, a report beside it.",
    )
    def inbox(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        settings = Settings.from_environment()
        if not settings.inbox.is_dir():
            return dg.SkipReason(f"there is no {settings.inbox}")
        try:
            with lock.writer(settings.lock, "filing what is in the inbox"):
                judged = take(settings)
        except Locked as busy:
            return dg.SkipReason(str(busy))
        for each in judged:
            (context.log.info if each.release else context.log.warning)(f"{each.file.name}: {each.said}")
        return dg.SkipReason(
            "; ".join(f"{each.file.name}: {each.said.splitlines()[0]}" for each in judged) or "nothing new in the inbox"
        )

    return inbox
