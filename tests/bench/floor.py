"""The floor: the releases read, checked and loaded, then dbt's compiled SQL run by hand in DuckDB. No dbt, no Dagster."""

import json
from pathlib import Path

import duckdb

from pipelines import fingerprint
from pipelines.datasets import data_sets
from pipelines.reference import Reference
from pipelines.settings import Settings
from pipelines.sources import reader
from pipelines.warehouse import draft
from pipelines.warehouse.loading import load


def main() -> None:
    settings = Settings.from_environment()
    reference = Reference(settings.seeds)
    named = fingerprint.inputs(settings)
    draft.begin(settings, "floor", fingerprint.loader(named), reference, full=True)
    connection = draft.connect(settings)
    for dataset in data_sets(settings.raw):
        load(connection, dataset, reader(dataset.reader), reference)
    manifest = json.loads((settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    _build(connection, settings, manifest["nodes"])
    connection.close()


def _build(connection: duckdb.DuckDBPyConnection, settings: Settings, nodes: dict) -> None:
    for schema in sorted({node["schema"] for node in nodes.values() if node["resource_type"] in ("seed", "model")}):
        connection.execute(f"create schema if not exists {schema}")
    for node in nodes.values():
        if node["resource_type"] == "seed":
            types = {name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")}
            types |= node["config"].get("column_types", {})
            path = settings.seeds / f"{node['name']}.csv"
            connection.execute(f"create table {node['schema']}.{node['name']} as from read_csv('{path}', types = {types})")
    compiled = settings.dbt_target / "compiled" / "marsad"
    done = {name for name, node in nodes.items() if node["resource_type"] == "seed"}
    waiting = {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
    while waiting:
        ready = [name for name, node in waiting.items() if not set(node["depends_on"]["nodes"]) - done - _sources(node)]
        for name in ready:
            node = waiting.pop(name)
            sql = (compiled / Path(node["original_file_path"])).read_text(encoding="utf-8")
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create {kind} {node['schema']}.{node['name']} as {sql}")
            done.add(name)


def _sources(node: dict) -> set[str]:
    return {name for name in node["depends_on"]["nodes"] if name.startswith("source.")}


if __name__ == "__main__":
    main()
