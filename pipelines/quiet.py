"""When there is nothing to do: how a refresh knows, and the heartbeat it leaves in Dagster all the same."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import BadInput
from pipelines.retention import history_days
from pipelines.settings import Settings
from pipelines.warehouse import publication

if TYPE_CHECKING:
    import dagster as dg

PUBLICATION_KEY = ["publication"]

POSTGRES = "MARSAD_POSTGRES"
"""Environment variable with a PostgreSQL address: Dagster's history goes there instead of into SQLite files."""

_OURS = "# Written by marsad whenever it begins. Remove this line and edit the rest as you like: it is left alone then."
_SQLITE = """\
event_log_storage:
  module: pipelines.event_log
  class: EventLogStorage
  config:
    base_dir: {base_dir}
"""
# The address holds a password: it stays in the environment.
_POSTGRES = f"""\
storage:
  postgres:
    postgres_url:
      env: {POSTGRES}
"""
_INSTANCE_SETTINGS = """\
{ours}
telemetry:
  enabled: false
nux:
  enabled: false
{storage}\
# Nothing prints: what a step says is in its events. Capturing output would start two more processes for each run.
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
concurrency:
  runs:
    # The warehouse has one writer: further runs wait in the queue.
    max_concurrent_runs: 1
# A run that was killed, or lost with its machine, would hold that one place for ever: after two hours it counts as failed.
run_monitoring:
  enabled: true
  start_timeout_seconds: 900
  max_runtime_seconds: 7200
# Runs are deleted after as many days by the night itself. A sensor looks every half minute and mostly finds nothing.
retention:
  schedule:
    purge_after_days: {days}
  sensor:
    purge_after_days: {{skipped: {skipped_days}, started: {days}, success: {days}, failure: {days}}}
"""
_SKIPPED_DAYS = 7


def why_rest(settings: Settings, inputs: str) -> str | None:
    """Why a refresh has nothing to do for inputs of this fingerprint; None when it has. Ask after ``publication.mend``."""
    now = publication.current(settings)
    if inputs in publication.withdrawn(settings):
        return "a publication of these very inputs was rolled back; `marsad refresh --full` publishes them again"
    if now is not None and now.manifest["fingerprint"] == inputs and publication.damage(settings) is None:
        return f"nothing is new since publication {now.name}"
    return None


def heartbeat(instance: dg.DagsterInstance, settings: Settings, why: str) -> None:
    """Tell Dagster that the publication was looked at and is as fresh as its inputs."""
    # Imported here: whoever only asks why_rest does not wait for Dagster.
    import dagster as dg

    now = publication.current(settings)
    instance.report_runless_asset_event(
        dg.AssetMaterialization(PUBLICATION_KEY, description=why, metadata={"publication": now.name if now else "none"})
    )


def report_damage(instance: dg.DagsterInstance, found: publication.Found) -> None:
    """Tell Dagster, on the publication's page, that the published file was found damaged."""
    import dagster as dg

    instance.report_runless_asset_event(
        dg.AssetObservation(
            PUBLICATION_KEY, description=str(found), metadata={name: str(value) for name, value in vars(found).items()}
        )
    )


def instance_of(settings: Settings) -> dg.DagsterInstance:
    """Dagster's instance beside the warehouse (or ``DAGSTER_HOME``), shared with the UI and the daemon."""
    import dagster as dg

    return dg.DagsterInstance.from_config(str(prepare_dagster_home(settings)))


def prepare_dagster_home(settings: Settings) -> Path:
    """The instance's folder with its ``dagster.yaml``; ``DAGSTER_HOME`` names it from here on. Raises BadInput.

    The file is written anew when the warehouse has moved, ``MARSAD_POSTGRES`` has come or gone or ``MARSAD_HISTORY_DAYS`` has
    changed, unless somebody made it theirs.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    path = home / "dagster.yaml"
    if os.environ.get(POSTGRES):
        if find_spec("dagster_postgres") is None:
            raise BadInput(f"{POSTGRES} is set, and dagster-postgres is not installed: pip install 'marsad[postgres]'")
        storage = _POSTGRES
    else:
        storage = _SQLITE.format(base_dir=json.dumps(str(home / "history" / "runs")))
    days = history_days()
    wanted = _INSTANCE_SETTINGS.format(ours=_OURS, storage=storage, days=days, skipped_days=min(days, _SKIPPED_DAYS))
    found = path.read_text(encoding="utf-8") if path.exists() else ""
    # Empty: what a kill left of one that was being written.
    if found != wanted and (not found or found.startswith(_OURS)):
        temporary = path.with_name(f".{path.name}-{os.getpid()}")
        temporary.write_text(wanted, encoding="utf-8")
        temporary.replace(path)
    os.environ["DAGSTER_HOME"] = str(home)
    return home
