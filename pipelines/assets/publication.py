"""The last two steps of a refresh: every contract is checked, then the draft is published."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import polars as pl

from pipelines import alerts, fingerprint, signals
from pipelines.assets.data_sets import OWNERS
from pipelines.assets.warehouse import Warehouse
from pipelines.checks import contracts, stages
from pipelines.checks.shown import markdown
from pipelines.datasets import DataSet, release_paths
from pipelines.quiet import PUBLICATION_KEY
from pipelines.settings import Settings
from pipelines.warehouse import draft, publication, shrinkage, touched
from pipelines.warehouse.changes import Changes, compare, side_by_side, summary, verdicts_of


def contract_checks(manifest: Mapping[str, Any]) -> dg.AssetChecksDefinition:
    """One blocking check per staging view, mart and quality table: pandera, built from the model's YAML."""
    models = contracts.checked_models(manifest)

    @dg.multi_asset_check(
        name="contracts",
        specs=[
            dg.AssetCheckSpec(
                contracts.CHECK,
                asset=dg.AssetKey([node["schema"], node["name"]]),
                description="The rows keep the model's contract: columns, types, nulls, bounds, allowed values.",
                blocking=True,
            )
            for node in models.values()
        ],
        can_subset=True,
    )
    def contract_check(context: dg.AssetCheckExecutionContext, warehouse: Warehouse) -> Iterator[dg.AssetCheckResult]:
        selected = {key.asset_key for key in context.selected_asset_check_keys}
        connection = warehouse.connection()
        plan = touched.last(connection, warehouse.run)
        touched_only = plan.only_touched and plan.rest_held
        good = True
        for node in models.values():
            if dg.AssetKey([node["schema"], node["name"]]) in selected:
                only = touched.TOUCHED_ROWS if touched_only and contracts.has_cells(node) else None
                verdict = contracts.check(connection, node, only)
                good = good and verdict.passed
                if not verdict.passed:
                    draft.unmark_made(connection, [f"{node['schema']}.{node['name']}"])
                yield verdict
        if good and len(selected) == len(models):
            touched.hold(connection, warehouse.run)

    return contract_check


def publication_asset(manifest: Mapping[str, Any], datasets: Sequence[DataSet]) -> dg.AssetsDefinition:
    """The published file. Refuses when a mart is older than a raw slice, a release is not loaded, inputs moved, or less is in it
    than in the last one and nobody said that it may.
    """
    nodes = {
        f"{node['schema']}.{node['name']}": node
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    tables = sorted(nodes)
    may_shrink = {dataset.name: dataset.may_shrink for dataset in datasets} | {
        name: contracts.may_shrink(node) for name, node in nodes.items()
    }

    @dg.asset(
        key=PUBLICATION_KEY,
        check_specs=[stages.SHRINKAGE.spec(PUBLICATION_KEY)],
        deps=[dg.AssetKey(table.split(".")) for table in tables],
        group_name="publication",
        description="The file analysts open: the draft, checked, copied, verified, and switched to in one step.",
        owners=OWNERS,
        kinds={"duckdb"},
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=alerts.TOO_LATE, warn_window=alerts.LATE),
    )
    def publish(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        settings = warehouse.settings
        _refuse_if_unready(warehouse, tables, datasets)
        draft.drop_strangers(warehouse.connection(), tables)
        built = touched.last(warehouse.connection()).said
        warehouse.close()
        # What readers have was held against its checksum when this run took the lock.
        base = publication.current(settings) or publication.last_intact(settings)
        lost = [] if base is None else _losses(base, settings)
        blocking = shrinkage.blocking(lost, may_shrink, warehouse.accept_shrinkage)
        yield stages.shrinkage(base.name if base else None, lost, blocking)
        if blocking and base is not None:
            raise dg.Failure(shrinkage.message(blocking, base.name, warehouse.full), allow_retries=False)
        if signals.asked_to_end():
            raise dg.Failure("interrupted before anything was published", allow_retries=False)
        checks = _check_counts(context)
        changed = _changes(base, settings, checks["verdicts"])
        published = publication.publish(
            settings,
            fingerprint.of(warehouse.inputs),
            {
                "run": warehouse.run,
                "seconds_until_published": round(time.time() - warehouse.started, 3),
                "draft": {"origin": warehouse.beginning.origin, "why": warehouse.beginning.why, "built": built},
                "revision": revision(settings),
                "made_with": draft.made_with(fingerprint.loader(warehouse.inputs), warehouse.reference),
                "checks": checks,
                "changes": changed,
                "shrinkage": {
                    "accepted": [each.plain() for each in lost if each.name in warehouse.accept_shrinkage],
                    "allowed": [each.plain() for each in lost if each.name not in warehouse.accept_shrinkage],
                },
                "inputs": warehouse.inputs,
            },
        )
        touched.published(warehouse.connection(), published.manifest["fingerprint"])
        yield dg.MaterializeResult(
            metadata={
                "changes": dg.MetadataValue.md(
                    markdown(pl.DataFrame(summary(changed), schema=["what", "changed"], orient="row"))
                ),
                "publication": published.name,
                "file": dg.MetadataValue.path(str(published.file)),
                "dagster/row_count": sum(published.manifest["rows"].values()),
                "tables": len(published.manifest["rows"]),
                "bytes": published.file.stat().st_size,
            }
        )

    return publish


def _refuse_if_unready(warehouse: Warehouse, tables: Sequence[str], datasets: Sequence[DataSet]) -> None:
    if fingerprint.inputs(warehouse.settings) != warehouse.inputs:
        raise dg.Failure("files changed while the run was going: run again", allow_retries=False)
    connection = warehouse.connection()
    stale = draft.older_than_raw(connection, tables, fingerprint.models(warehouse.inputs))
    loaded = {
        (dataset, release): sha
        for dataset, release, sha in connection.execute("select dataset, release, sha256 from raw.releases").fetchall()
    }
    if stale:
        raise dg.Failure(
            f"{len(stale)} tables broke a check or are older than what they rest on, {stale[0]} among them: "
            "materialize dbt's models first, or run the job refresh",
            allow_retries=False,
        )
    if gone := sorted({dataset for dataset, _ in loaded} - {dataset.name for dataset in datasets}):
        raise dg.Failure(
            f"{gone[0]} was loaded and its folder is gone: restore it, or build without it with "
            f"`marsad refresh --full --accept-shrinkage {gone[0]}`",
            allow_retries=False,
        )
    on_disk = {(dataset.name, path.name) for dataset in datasets for path in release_paths(dataset)}
    if on_disk != loaded.keys():
        waiting = sorted("/".join(each) for each in on_disk ^ loaded.keys())
        raise dg.Failure(
            f"{waiting[0]} and {len(waiting) - 1} other releases are not loaded: run the job refresh", allow_retries=False
        )


def _check_counts(context: dg.AssetExecutionContext) -> dict[str, Any]:
    """Verdicts of this run so far: how many checks passed, which did not, and the verdict of each by name."""
    records = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    verdicts = [entry.dagster_event.asset_check_evaluation_data for entry in records if entry.dagster_event is not None]
    failed = [
        f"{'/'.join(each.asset_key.path)}:{each.check_name} ({each.severity.value})" for each in verdicts if not each.passed
    ]
    said = {
        f"{'/'.join(each.asset_key.path)}:{each.check_name}": (
            "passed" if each.passed else "warned" if each.severity == dg.AssetCheckSeverity.WARN else "failed"
        )
        for each in verdicts
    }
    return {"passed": len(verdicts) - len(failed), "failed": sorted(failed), "verdicts": dict(sorted(said.items()))}


def _losses(base: publication.Publication, settings: Settings) -> list[shrinkage.Loss]:
    with side_by_side(base.file, settings.draft) as connection:
        return shrinkage.losses(connection, touched.changed_since(connection, base.manifest["fingerprint"]))


def _changes(base: publication.Publication | None, settings: Settings, checks: Mapping[str, str]) -> Changes:
    """The draft against the last publication."""
    if base is None:
        return {"since": None}
    with side_by_side(base.file, settings.draft) as connection:
        only = touched.changed_since(connection, base.manifest["fingerprint"])
        return compare(connection, base.name, verdicts_of(base.manifest), checks, only)


def revision(settings: Settings) -> str | None:
    """The checkout's git revision, with ``-dirty`` when files differ from it; None outside a checkout."""
    try:
        said = subprocess.run(
            ["git", "-C", str(settings.checkout), "describe", "--always", "--dirty", "--abbrev=40"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.strip()
