"""One asset per folder of ``data/raw``, all made here: an asset owns its data set's slice of the raw tables.

The data sets of a domain are one operation, since a Dagster step costs more than loading a small data set; each can still
be materialized alone. What does not belong here: anything about one data set. That stands in its ``dataset.yml``.
"""

import errno
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import duckdb
import polars as pl

from pipelines.assets.table_metadata import table_metadata
from pipelines.assets.warehouse import Warehouse
from pipelines.checks import corrections, stages
from pipelines.checks.shown import markdown
from pipelines.datasets import DataSet, SealBroken
from pipelines.sources import reader
from pipelines.statements import Problem
from pipelines.warehouse import touched
from pipelines.warehouse.loading import Loaded, load
from pipelines.warehouse.tables import TABLE_OF_KIND

OWNERS = ["team:data-engineering"]
RAW_TABLES = ("observations", "targets", "events", "releases", "refused_rows", "datasets")

# What a file system gets over by itself. A full disk, a missing or a forbidden file does not go away by trying again, nor does
# what is wrong with a release.
_PASSING = (
    errno.EAGAIN, errno.EBUSY, errno.EINTR, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOLCK, errno.ESTALE, errno.ETIMEDOUT,
)  # fmt: skip
_RETRIES, _SECONDS_BETWEEN = 2, 2.0
_WARNED_OF_EACH = 10


def domain_assets(domain: str, datasets: Sequence[DataSet]) -> dg.AssetsDefinition:
    """The assets ``[domain, dataset]`` with their checks: releases (WARN) and, where the publisher has a rhythm, age (WARN).

    Raises ReaderUnknown when a ``dataset.yml`` names no reader.
    """
    readers = {dataset.name: reader(dataset.reader) for dataset in datasets}

    @dg.multi_asset(
        # Not the name of the domain's job: in a repository, operations and jobs share one list of names.
        name=f"{domain}_releases",
        specs=[_spec(dataset) for dataset in datasets],
        check_specs=[check.spec(dataset.key) for dataset in datasets for check in _checks(dataset)],
        can_subset=True,
    )
    def load_domain(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        broken = []
        for dataset in datasets:
            if dg.AssetKey(dataset.key) not in context.selected_asset_keys:
                continue
            try:
                loaded = load(warehouse.connection(), dataset, readers[dataset.name], warehouse.reference)
            except SealBroken as seal:
                broken.append(str(seal))
                continue
            except (OSError, duckdb.IOException) as error:
                if not passes(error):
                    raise
                raise dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_SECONDS_BETWEEN) from error
            for name, problems in loaded.refused.items():
                for problem in problems[:_WARNED_OF_EACH]:
                    context.log.warning(problem.sentence(f"{dataset.name}/{name}"))
            for name, problems in loaded.elsewhere.items():
                for problem in problems[:_WARNED_OF_EACH]:
                    context.log.warning(problem.sentence(name))
            yield dg.MaterializeResult(asset_key=dataset.key, metadata=_metadata(warehouse.connection(), dataset, loaded))
            yield from _verdicts(warehouse.connection(), dataset, loaded)
        if broken:
            raise dg.Failure("\n".join(broken), allow_retries=False)

    return load_domain


def passes(error: OSError | duckdb.IOException) -> bool:
    """Whether the same may work a moment later."""
    if isinstance(error, OSError):
        return error.errno in _PASSING
    # DuckDB has no error numbers: it quotes the system, or says that somebody else has the file open.
    told = str(error)
    return "Could not set lock" in told or any(os.strerror(number) in told for number in _PASSING)


def raw_tables_asset(datasets: Sequence[DataSet]) -> dg.AssetsDefinition:
    """The raw tables that dbt reads, downstream of every data set that has a slice in them; blocking: their records."""
    feeding = {
        table: [
            dataset.key for dataset in datasets if TABLE_OF_KIND[dataset.kind] == table or table not in TABLE_OF_KIND.values()
        ]
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
        check_specs=[
            *(stages.RAW_RECORDS.spec(["raw", table]) for table in TABLE_OF_KIND.values()),
            corrections.FIT.spec(["raw", "releases"]),
        ],
        can_subset=True,
    )
    def raw_tables(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        connection = warehouse.connection()
        for key in sorted(context.selected_asset_keys):
            yield dg.MaterializeResult(asset_key=key, metadata=table_metadata(connection, *key.path))
        asked = {key.asset_key.path[-1] for key in context.selected_asset_check_keys}
        if "releases" in asked:
            names = {dataset.name for dataset in datasets}
            yield corrections.corrections_fit(connection, warehouse.reference, names, datetime.now(UTC).date())
        for kind, table in TABLE_OF_KIND.items():
            if table in asked:
                yield _records_checked(connection, kind)

    return raw_tables


def _records_checked(connection: duckdb.DuckDBPyConnection, kind: str) -> dg.AssetCheckResult:
    """Of observations, those that came since the last time, when nothing else happened to them."""
    if kind != "observation":
        return stages.raw_records(connection, kind)
    verdict = stages.raw_records(connection, kind, touched.unchecked_rows(connection))
    if verdict.passed:
        touched.checked(connection)
    return verdict


def _spec(dataset: DataSet) -> dg.AssetSpec:
    return dg.AssetSpec(
        dataset.key,
        group_name=dataset.domain,
        description=f"{dataset.title['en']}\n\n{dataset.description}",
        owners=OWNERS,
        kinds={dataset.reader, "duckdb"},
        metadata={
            "publisher": dataset.publisher,
            "address": dataset.address or "not stated",
            "licence": dataset.licence,
            "expected every": dataset.expected_every or "no rhythm",
            "asked": _asked(dataset),
            "out of service": dataset.out_of_service or "no",
            "contact": dataset.contact,
        },
    )


def _asked(dataset: DataSet) -> str:
    if dataset.fetch is None:
        return "never: people bring its releases"
    return "every night" if dataset.fetch.get("enabled", True) else "only by name: marsad fetch --dataset"


def _checks(dataset: DataSet) -> list[stages.StageCheck]:
    return [stages.RELEASES] if dataset.max_age_days is None else [stages.RELEASES, stages.AGE]


def _metadata(connection: duckdb.DuckDBPyConnection, dataset: DataSet, loaded: Loaded) -> dict[str, Any]:
    return {
        **table_metadata(connection, "raw", TABLE_OF_KIND[dataset.kind], "dataset = ?", [dataset.name]),
        "releases added": len(loaded.added),
        "releases kept": len(loaded.kept),
        "releases refused": len(loaded.refused) + len(_lost_elsewhere(loaded)),
        "rows added": loaded.rows_added,
    }


def _verdicts(connection: duckdb.DuckDBPyConnection, dataset: DataSet, loaded: Loaded) -> Iterator[dg.AssetCheckResult]:
    rows = [
        [name, problem.row, problem.column, problem.value, problem.message]
        for name, problems in (loaded.refused | _lost_elsewhere(loaded)).items()
        for problem in problems
    ]
    frame = pl.DataFrame(
        rows, schema=["release", "row", "column", "value", "what is wrong"], orient="row", infer_schema_length=None
    )
    refused = {"refused": dg.MetadataValue.md(markdown(frame))} if rows else {}
    yield stages.RELEASES.result(dataset.key, not rows, refused)
    if dataset.max_age_days is not None:
        yield stages.age(connection, dataset, dataset.max_age_days, datetime.now(UTC).date())


def _lost_elsewhere(loaded: Loaded) -> dict[str, list[Problem]]:
    """Releases of other data sets that this one's put out of use: their own check may have been made before."""
    return {name: problems for name, problems in loaded.elsewhere.items() if problems}
