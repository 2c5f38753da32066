"""The same graph the way Dagster's and dbt's defaults would run it: a process per step, dbt as a child process.

Only the benchmark loads this. Each step opens the draft in its own process, so the lock is not held over the run.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from pipelines import dbt_project, fingerprint
from pipelines.assets.data_sets import domain_assets, raw_tables_asset
from pipelines.assets.models import Translator
from pipelines.assets.publication import contract_checks
from pipelines.assets.warehouse import Warehouse
from pipelines.datasets import data_sets
from pipelines.settings import Settings
from pipelines.warehouse import draft

settings = Settings.from_environment()
datasets = data_sets(settings.raw)
manifest = dbt_project.manifest(settings, fingerprint.models(fingerprint.inputs(settings)))
project = settings.dbt_target.parent / "project"
os.environ["MARSAD_DRAFT"] = str(settings.draft)


class StepByStep(Warehouse):
    """The draft, opened by each step's own process."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouse]:
        self._inputs = fingerprint.inputs(self.settings)
        if not self.settings.draft.exists():
            draft.begin(self.settings, "bench", fingerprint.loader(self._inputs), self.reference, full=True)
        yield self
        self.close()


@dbt_assets(manifest=manifest, dagster_dbt_translator=Translator(), exclude="resource_type:unit_test")
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource):
    yield from dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context).stream()


everything = dg.define_asset_job("everything", selection=dg.AssetSelection.all())
defs = dg.Definitions(
    assets=[
        *(domain_assets(domain, list(each)) for domain, each in groupby(datasets, key=lambda dataset: dataset.domain)),
        raw_tables_asset(datasets),
        dbt_models,
    ],
    asset_checks=[contract_checks(manifest)],
    jobs=[everything],
    # One process per step is Dagster's default; one at a time is what DuckDB allows.
    executor=dg.multiprocess_executor.configured({"max_concurrent": 1}),
    resources={
        "warehouse": StepByStep(),
        "dbt": DbtCliResource(
            project_dir=str(project),
            profiles_dir=str(project),
            target_path=settings.dbt_target,
            dbt_executable=str(Path(sys.executable).parent / "dbt"),
        ),
    },
)
