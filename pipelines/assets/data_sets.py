"""One asset per folder of ``data/raw``, all made here: an asset owns its data set's slice of the raw tables.

What does not belong here: anything about one data set. That stands in its ``dataset.yml``.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg
import duckdb
import polars as pl

from pipelines.assets.table_metadata import table_metadata
from pipelines.assets.warehouse import Warehouse
from pipelines.checks import stages
from pipelines.checks.shown import markdown
from pipelines.datasets import DataSet, SealBroken
from pipelines.sources import reader
from pipelines.warehouse.loading import Loaded, load
from pipelines.warehouse.tables import TABLE_OF_KIND

OWNERS = ["team:data-engineering"]
RAW_TABLES = ("observations", "targets", "events", "releases", "refused_rows", "datasets")

# A file system may answer late; what is wrong with a release does not go away by trying again.
_TRANSIENT = (OSError, duckdb.IOException)
_RETRIES, _SECONDS_BETWEEN = 2, 2.0


def data_set_asset(dataset: DataSet) -> dg.AssetsDefinition:
    """The asset ``[domain, dataset]`` with its checks: releases (WARN) and, where the publisher has a rhythm, age (WARN)."""
    read = reader(dataset.reader)
    checks = [stages.RELEASES] if dataset.max_age_days is None else [stages.RELEASES, stages.AGE]

    @dg.asset(
        key=dataset.key,
        group_name=dataset.domain,
        description=f"{dataset.title['en']}\n\n{dataset.description}",
        owners=OWNERS,
        kinds={dataset.reader, "duckdb"},
        metadata={
            "publisher": dataset.publisher,
            "address": dataset.address or "not stated",
            "licence": dataset.licence,
            "expected every": dataset.expected_every or "no rhythm",
            "contact": dataset.contact,
        },
        check_specs=[check.spec(dataset.key) for check in checks],
    )
    def data_set(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
        with warehouse.connection() as connection:
            try:
                loaded = load(connection, dataset, read, warehouse.reference)
            except SealBroken as broken:
                raise dg.Failure(str(broken), allow_retries=False) from broken
            except _TRANSIENT as late:
                raise dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_SECONDS_BETWEEN) from late
            for name, problems in loaded.refused.items():
                for problem in problems[:10]:
                    context.log.warning(problem.sentence(f"{dataset.name}/{name}"))
            slice_of = table_metadata(connection, "raw", TABLE_OF_KIND[dataset.kind], "dataset = ?", [dataset.name])
            results = [stages.RELEASES.result(dataset.key, *_releases_verdict(loaded))]
            if dataset.max_age_days is not None:
                results.append(stages.age(connection, dataset, dataset.max_age_days, datetime.now(UTC).date()))
        yield dg.MaterializeResult(
            metadata={
                **slice_of,
                "releases added": len(loaded.added),
                "releases kept": len(loaded.kept),
                "releases refused": len(loaded.refused),
                "rows added": loaded.rows_added,
            },
            check_results=results,
        )

    return data_set


def raw_tables_asset(datasets: Sequence[DataSet]) -> dg.AssetsDefinition:
    """The raw tables that dbt reads, downstream of every data set that has a slice in them; blocking: their records."""
    feeding = {
        table: [dataset.key for dataset in datasets if TABLE_OF_KIND[dataset.kind] == table or table not in TABLE_OF_KIND.values()]
        for table in RAW_TABLES
    }

    @dg.multi_asset(
        name="raw_tables",
        specs=[
            dg.AssetSpec(
                ["raw", table],
                deps=feeding[table],
                group_name="raw",
                description=f"Every data set's slice of raw.{table}.",
                owners=OWNERS,
                kinds={"duckdb"},
            )
            for table in RAW_TABLES
        ],
        check_specs=[stages.RAW_RECORDS.spec(["raw", table]) for table in TABLE_OF_KIND.values()],
        can_subset=True,
    )
    def raw_tables(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        with warehouse.connection() as connection:
            for key in sorted(context.selected_asset_keys):
                yield dg.MaterializeResult(asset_key=key, metadata=table_metadata(connection, *key.path))
            asked = {key.asset_key.path[-1] for key in context.selected_asset_check_keys}
            for kind, table in TABLE_OF_KIND.items():
                if table in asked:
                    yield stages.raw_records(connection, kind)

    return raw_tables


def _releases_verdict(loaded: Loaded) -> tuple[bool, dict[str, object]]:
    rows = [
        [name, problem.row, problem.column, problem.value, problem.message]
        for name, problems in loaded.refused.items()
        for problem in problems
    ]
    frame = pl.DataFrame(rows, schema=["release", "row", "column", "value", "what is wrong"], orient="row", infer_schema_length=None)
    return not loaded.refused, {"refused": dg.MetadataValue.md(markdown(frame))} if rows else {}
