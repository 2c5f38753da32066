"""What Dagster loads: assets, checks, jobs, the nightly schedule and who hears of it, and the warehouse they share."""

from collections.abc import Sequence

import dagster as dg

from pipelines import dbt_project, fingerprint
from pipelines.assets.data_sets import domain_assets, raw_tables_asset
from pipelines.assets.models import models_asset
from pipelines.assets.publication import contract_checks, publication_asset
from pipelines.assets.warehouse import Warehouse
from pipelines.datasets import data_sets
from pipelines.inbox_sensor import inbox_sensor
from pipelines.night import night_job, night_sensors, nightly_schedule
from pipelines.settings import Settings


def definitions(
    settings: Settings,
    full: bool = False,
    loggers: dict[str, dg.LoggerDefinition] | None = None,
    patience_seconds: float = 0.0,
    accept_shrinkage: Sequence[str] = (),
) -> dg.Definitions:
    """Everything, for the places ``settings`` names. A run logs to ``loggers``.

    ``full`` rebuilds from raw and seeds alone; a run waits ``patience_seconds`` for another one that writes; data sets and
    marts in ``accept_shrinkage`` may have less than last time.
    """
    datasets = data_sets(settings.raw, settings.elsewhere)
    manifest = dbt_project.manifest(settings, fingerprint.models(fingerprint.inputs(settings)))
    domains = sorted({dataset.domain for dataset in datasets})
    refresh = dg.define_asset_job(
        "refresh",
        selection=dg.AssetSelection.all(),
        description="Everything: load what is new, build the marts, check, publish.",
    )
    per_domain = [
        dg.define_asset_job(
            f"load_{domain}",
            selection=dg.AssetSelection.groups(domain),
            description=f"Load the releases of {domain} into the draft; publishes nothing.",
        )
        for domain in domains
    ]
    night = night_job()
    return dg.Definitions(
        assets=[
            *(domain_assets(domain, [each for each in datasets if each.domain == domain]) for domain in domains),
            raw_tables_asset(datasets),
            models_asset(manifest),
            publication_asset(manifest, datasets),
        ],
        asset_checks=[contract_checks(manifest)],
        jobs=[refresh, *per_domain, night],
        schedules=[nightly_schedule(night)],
        sensors=[*night_sensors(refresh, night), inbox_sensor()],
        resources={"warehouse": Warehouse(full=full, patience_seconds=patience_seconds, accept_shrinkage=list(accept_shrinkage))},
        # DuckDB has one writer: steps of one run take turns in one process.
        executor=dg.in_process_executor,
        loggers=loggers,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The code location: paths come from the environment."""
    return definitions(Settings.from_environment())
