"""The floor: what one process with bare DuckDB needs for the same tables. No dbt, no Dagster, no pandera, no publication.

Synthetic releases are read by DuckDB's own CSV reader and made records by one statement, without a rule being checked; the
real ones go through their readers, as in a refresh. Then the SQL that dbt compiled is run in order, models and tests alike,
into a file of the same storage version, on every thread of the machine.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import duckdb

from pipelines import fingerprint
from pipelines.datasets import DataSet, data_sets, read_release, release_paths
from pipelines.records import columns
from pipelines.reference import Reference
from pipelines.settings import Settings, sql_text
from pipelines.sources import reader
from pipelines.warehouse import draft
from pipelines.warehouse.loading import CELL_ID, OBSERVATION_ID, load
from tests.bench.synthetic import is_synthetic

# What loading does in polars, said in SQL for the one form of period that synthetic releases have, the month.
_RECORDS = """
with stated as (
    select
        *, parse_filename(filename) as release, row_number() over (partition by filename) as release_row,
        strptime(time_period || '-01', '%Y-%m-%d')::date as first_day
    from read_csv({files}, all_varchar = true, filename = true, header = true)
)
select
    stated.*, definitions.freq_class, areas.geo_version, last_day(first_day) as period_end,
    case when flow = 'FLOW' then first_day else last_day(first_day) end as period_start,
    case when obs_value is not null then length(split_part(obs_value, '.', 2)) end as decimals,
    documents.published_on::date as published_on, documents.published_precision, documents.retrieved_on::date as retrieved_on,
    documents.published_on::date as published_not_after, '{dataset}' as dataset, sealed.recorded_at, sealed.sha256
from stated
inner join sealed on sealed.release = stated.release
inner join read_csv({definitions}, all_varchar = true) as definitions on definitions.definition = stated.definition
inner join read_csv({areas}, all_varchar = true) as areas on areas.ref_area = stated.ref_area
inner join read_csv({documents}, all_varchar = true) as documents on documents.document = stated.document
"""


def main() -> None:
    """Build the warehouse that ``MARSAD_WAREHOUSE`` names with the SQL compiled under ``--target``; prints seconds by part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", type=Path, required=True, help="where dbt left its manifest and the SQL it compiled")
    target = parser.parse_args().target
    settings = Settings.from_environment()
    reference = Reference(settings.seeds)
    draft.begin(settings, "floor", fingerprint.loader(fingerprint.inputs(settings)), reference, full=True)
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    connection = draft.connect(settings)
    seconds = []
    for part in (
        lambda: _load(connection, settings, reference),
        lambda: _build(connection, settings, nodes, target),
        lambda: _test(connection, nodes, target),
        connection.close,
    ):
        started = time.monotonic()
        part()
        seconds.append(round(time.monotonic() - started, 1))
    print(json.dumps(dict(zip(("loading", "models", "tests", "closing"), seconds, strict=True))))


def _load(connection: duckdb.DuckDBPyConnection, settings: Settings, reference: Reference) -> None:
    for dataset in data_sets(settings.raw):
        if is_synthetic(dataset):
            _load_synthetic(connection, dataset, settings)
        else:
            load(connection, dataset, reader(dataset.reader), reference)


def _load_synthetic(connection: duckdb.DuckDBPyConnection, dataset: DataSet, settings: Settings) -> None:
    releases = [read_release(dataset, path) for path in release_paths(dataset)]
    connection.execute("create or replace temp table sealed (release varchar, recorded_at timestamp, sha256 varchar)")
    connection.executemany(
        "insert into sealed values (?, ?, ?)", [[each.name, each.recorded_at, each.sha256] for each in releases]
    )
    names = ", ".join(columns(dataset.kind))
    stated = _RECORDS.format(
        files=[str(each.path) for each in releases],
        dataset=dataset.name,
        **{name: sql_text(settings.seeds / f"{name}.csv") for name in ("definitions", "areas", "documents")},
    )
    connection.execute(
        f"insert into raw.observations ({names}) select {names} from "
        f"(select *, {OBSERVATION_ID} as observation_id from (select *, {CELL_ID} as cell_id from ({stated})))"
    )
    connection.executemany(
        "insert into raw.releases by name select ? as dataset, ? as release, 'observation' as kind, ? as published_on, "
        "? as published_precision, ? as retrieved_on, ? as recorded_at, ? as sha256, 'ACCEPTED' as status",
        [
            [
                dataset.name,
                each.name,
                each.published_on,
                each.published_precision,
                each.retrieved_on,
                each.recorded_at,
                each.sha256,
            ]
            for each in releases
        ],
    )


def _build(connection: duckdb.DuckDBPyConnection, settings: Settings, nodes: dict[str, Any], target: Path) -> None:
    for schema in sorted({node["schema"] for node in nodes.values() if node["resource_type"] in ("seed", "model")}):
        connection.execute(f"create schema if not exists {schema}")
    for node in nodes.values():
        if node["resource_type"] == "seed":
            types = {name: column["data_type"] for name, column in node["columns"].items() if column.get("data_type")}
            types |= node["config"].get("column_types", {})
            path = sql_text(settings.seeds / f"{node['name']}.csv")
            connection.execute(f"create table {node['schema']}.{node['name']} as from read_csv({path}, types = {types})")
    done = {name for name, node in nodes.items() if node["resource_type"] == "seed"}
    waiting = {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
    while waiting:
        ready = [name for name, node in waiting.items() if not set(node["depends_on"]["nodes"]) - done - _sources(node)]
        for name in ready:
            node = waiting.pop(name)
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            connection.execute(f"create {kind} {node['schema']}.{node['name']} as {_compiled(node, target)}")
            done.add(name)


def _test(connection: duckdb.DuckDBPyConnection, nodes: dict[str, Any], target: Path) -> None:
    for node in nodes.values():
        if node["resource_type"] == "test":
            [(count,)] = connection.execute(f"select count(*) from ({_compiled(node, target)})").fetchall()
            if count:
                raise AssertionError(f"{node['name']}: {count} rows: the floor is not what the refresh builds")


def _compiled(node: dict[str, Any], target: Path) -> str:
    return (target / "compiled" / "marsad" / Path(node["original_file_path"])).read_text(encoding="utf-8")


def _sources(node: dict[str, Any]) -> set[str]:
    return {name for name in node["depends_on"]["nodes"] if name.startswith("source.")}


if __name__ == "__main__":
    main()
