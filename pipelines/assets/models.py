"""dbt's seeds, models and tests as Dagster assets and checks: one dbt invocation, its results reported one by one."""

from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from pathlib import PurePosixPath
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, dbt_assets
from dagster_dbt.asset_utils import get_asset_check_key_for_test

from pipelines import dbt_project, fingerprint, signals
from pipelines.assets.table_metadata import metadata_of_tables
from pipelines.assets.warehouse import Warehouse
from pipelines.warehouse import touched
from pipelines.warehouse.draft import mark_made, unmark_made, wholly_made

OWNERS = ["team:analytics-engineering"]


class Translator(DagsterDbtTranslator):
    """Names dbt's nodes for Dagster: keys are ``[schema, table]``, groups the folders of the project."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """``[schema, name]``, for sources, seeds and models alike."""
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Folder of the model (``marts_regional``), ``reference`` for seeds."""
        if dbt_resource_props["resource_type"] != "model":
            return str(dbt_resource_props["schema"])
        return "_".join(PurePosixPath(dbt_resource_props["original_file_path"]).parent.parts[1:])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:
        """Who answers for the models."""
        return OWNERS

    def get_asset_check_spec(
        self, asset_spec: dg.AssetSpec, manifest: Mapping[str, Any], unique_id: str, project: Any
    ) -> dg.AssetCheckSpec | None:
        """A test of severity error blocks what follows."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        severity = str(manifest["nodes"][unique_id]["config"]["severity"]).lower()
        return spec._replace(blocking=severity == "error") if spec is not None else None


def models_asset(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """Every seed and model of ``manifest`` as one subsettable multi-asset."""
    translator = Translator()
    nodes = manifest["nodes"]
    key_of = {
        unique_id: translator.get_asset_key(node)
        for unique_id, node in nodes.items()
        if node["resource_type"] in ("model", "seed")
    }

    # Dagster wants to be told in this order.
    rests_on = {unique_id: set(nodes[unique_id]["depends_on"].get("nodes", ())) & key_of.keys() for unique_id in sorted(key_of)}
    place = {unique_id: number for number, unique_id in enumerate(TopologicalSorter(rests_on).static_order())}

    @dbt_assets(manifest=manifest, dagster_dbt_translator=translator, name="dbt_models")
    def dbt_models(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
        selected = context.selected_asset_keys
        whole = selected == frozenset(key_of.values())
        select = None if whole else [nodes[unique_id]["name"] for unique_id, key in key_of.items() if key in selected]
        made_from = fingerprint.models(warehouse.inputs)
        connection = warehouse.connection()
        # A part is built in full: what it lacks is not known table by table.
        all_stand = whole and wholly_made(connection, [".".join(key.path) for key in key_of.values()], made_from)
        if signals.asked_to_end():
            raise dg.Failure("interrupted before dbt began", allow_retries=False)
        plan = touched.plan(connection, warehouse.run, all_stand)
        context.log.info(f"models are built of {plan.said}")
        unmark_made(connection, [".".join(key.path) for key in key_of.values() if whole or key in selected])
        warehouse.close()
        standing = _standing(nodes) if plan.only_touched else []
        results = dbt_project.build(warehouse.settings, select, without=standing, only_touched=plan.only_touched)
        connection = warehouse.connection()
        good = sorted(
            (each for each in results if each.unique_id in key_of and each.good), key=lambda each: place[each.unique_id]
        )
        bad = [each for each in results if not each.good]
        # A failed test leaves everything unmarked: the publication asset, materialized by itself, must refuse this draft too.
        if not bad:
            mark_made(connection, "dbt", [".".join(key_of[each.unique_id].path) for each in good], made_from)
            if whole:
                touched.built(connection)
        keys = [key_of[each.unique_id] for each in good]
        described = metadata_of_tables(connection, [(key.path[0], key.path[1]) for key in keys])
        for each, key, metadata in zip(good, keys, described, strict=True):
            yield dg.MaterializeResult(asset_key=key, metadata={**metadata, "seconds": round(each.seconds, 3)})
        for each in results:
            check = get_asset_check_key_for_test(manifest, translator, each.unique_id, None)
            if check is not None and check in context.selected_asset_check_keys and each.status != "skipped":
                yield _check_result(each, check, nodes[each.unique_id])
        if bad:
            told = "\n".join(f"{each.unique_id}: {each.status}: {each.message}" for each in bad if each.status != "skipped")
            raise dg.Failure(f"dbt: {len(bad)} of {len(results)} nodes did not end well\n{told}", allow_retries=False)

    return dbt_models


def _standing(nodes: Mapping[str, Any]) -> list[str]:
    """Seeds and views: where models and seeds are as they were, these say the same as before whatever was loaded."""
    return [
        unique_id
        for unique_id, node in nodes.items()
        if node["resource_type"] == "seed" or (node["resource_type"] == "model" and node["config"]["materialized"] == "view")
    ]


def _check_result(each: dbt_project.NodeResult, key: dg.AssetCheckKey, node: Mapping[str, Any]) -> dg.AssetCheckResult:
    warns = each.status == "warn" or str(node["config"]["severity"]).lower() == "warn"
    return dg.AssetCheckResult(
        asset_key=key.asset_key,
        check_name=key.name,
        passed=each.status == "pass",
        severity=dg.AssetCheckSeverity.WARN if warns else dg.AssetCheckSeverity.ERROR,
        metadata={"status": each.status, "message": each.message, "failing rows": each.failures or 0, "test": each.unique_id},
    )
