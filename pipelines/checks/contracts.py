"""pandera schemas of staging and marts, built from dbt's manifest: a contract is written once, in its YAML.

A column's type and nullability come from the dbt contract, its bounds and allowed values from ``config.meta``
(``minimum``, ``maximum``, ``allowed_values``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
import duckdb
import pandera.polars as pa
import polars as pl

from pipelines import datasets
from pipelines.checks.shown import markdown
from pipelines.checks.stages import failures, frames
from pipelines.datasets import MayShrink
from pipelines.errors import Blocked

CHECK = "contract"
"""Name of the check on every staging view and mart."""

_CHECKED_SCHEMAS = ("staging", "marts", "quality")
_POLARS_TYPE = {
    "varchar": pl.String,
    "text": pl.String,
    "date": pl.Date,
    "boolean": pl.Boolean,
    "integer": pl.Int32,
    "bigint": pl.Int64,
    "smallint": pl.Int16,
    "double": pl.Float64,
    "timestamp": pl.Datetime("us"),
}


class ContractUnusable(Blocked):
    """A model's YAML cannot be turned into a schema; names model, column and key."""


def checked_models(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Models that must keep their contract before anything is published, by ``schema.table``."""
    return {
        f"{node['schema']}.{node['name']}": node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in _CHECKED_SCHEMAS
    }


def may_shrink(node: Mapping[str, Any]) -> MayShrink:
    """What a model's ``config.meta.may_shrink`` allows to vanish between two publications. Raises ContractUnusable."""
    try:
        return datasets.may_shrink(node["config"].get("meta", {}).get("may_shrink"))
    except ValueError as error:
        raise ContractUnusable(f"model {node['name']}: config.meta: {error}") from error


def schema_of(node: Mapping[str, Any]) -> pa.DataFrameSchema:
    """The pandera schema of a model: exact columns and types, and one check over all its rules.

    Raises ContractUnusable.
    """
    return pa.DataFrameSchema(
        {name: pa.Column(_dtype(node["name"], column), nullable=True) for name, column in node["columns"].items()},
        checks=_rules_schema(_rules_of(node)).checks,
        strict=True,
        ordered=True,
    )


def _rules_schema(rules: Mapping[str, pl.Expr]) -> pa.DataFrameSchema:
    """The rules alone, for frames that have the columns which they are about."""

    def keep(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(rule.alias(name) for name, rule in rules.items())

    return pa.DataFrameSchema(checks=[pa.Check(keep, name="nulls, bounds and allowed values")] if rules else [])


def _rules_of(node: Mapping[str, Any]) -> dict[str, pl.Expr]:
    """What a model's rows must keep, by name: expressions that are true where they do."""
    columns = node["columns"]
    return {name: rule for column in columns.values() for name, rule in _rules(node["name"], columns, column)}


def _rules(model: str, columns: Mapping[str, Any], column: Mapping[str, Any]) -> list[tuple[str, pl.Expr]]:
    name, meta = column["name"], column.get("config", {}).get("meta", {}) or column.get("meta", {})
    unknown = meta.keys() - {"unit", "unit_column", "minimum", "maximum", "allowed_values"}
    if unknown or meta.get("unit_column", name) not in columns:
        raise ContractUnusable(f"model {model}, column {name}: config.meta has unknown keys or columns: {meta}")
    value = pl.col(name)
    rules = []
    if {constraint["type"] for constraint in column.get("constraints", [])} & {"not_null", "primary_key"}:
        rules.append((_never_null(name), value.is_not_null()))
    if "minimum" in meta:
        rules.append((f"{name} >= {meta['minimum']}", (value >= meta["minimum"]).fill_null(True)))
    if "maximum" in meta:
        rules.append((f"{name} <= {meta['maximum']}", (value <= meta["maximum"]).fill_null(True)))
    if "allowed_values" in meta:
        rules.append((f"{name} is one of {meta['allowed_values']}", value.is_in(meta["allowed_values"]).fill_null(True)))
    return rules


def _dtype(model: str, column: Mapping[str, Any]) -> Any:
    said = str(column.get("data_type") or "").lower()
    if said.startswith("decimal("):
        precision, scale = said.removeprefix("decimal(").removesuffix(")").split(",")
        return pl.Decimal(int(precision), int(scale))
    if said not in _POLARS_TYPE:
        raise ContractUnusable(f"model {model}, column {column['name']}: data_type {said!r} has no pandera type here")
    return _POLARS_TYPE[said]


def has_cells(node: Mapping[str, Any]) -> bool:
    """Whether the model says its rows by cell, each from what is stated of that cell: then an incremental build leaves rows of
    other cells as they are. The view of the statements is such a model by itself.
    """
    return "cell_id" in node["columns"] and (node["config"]["materialized"] == "incremental" or node["schema"] == "staging")


def check(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], only: str | None = None) -> dg.AssetCheckResult:
    """Hold the model's rows, as they are in the draft, against its contract.

    ``only`` is a condition for the rows that are looked at, where all others were before and are as they were.
    """
    relation = f'"{node["schema"]}"."{node["name"]}"'
    failing = failures(schema_of(node), connection.sql(f"select * from {relation} limit 0").pl())
    broken: list[str] = []
    if failing is None and (rules := _rules_of(node)):
        schema = _rules_schema(rules)
        for frame in frames(connection, f"select {', '.join(_judged(node))} from {relation} where {only or 'true'}"):
            found = failures(schema, frame)
            if found is not None:
                failing = found if failing is None else failing
                broken += [name for name, rule in rules.items() if name not in broken and not frame.select(rule.all()).item()]
    [(height,)] = connection.execute(f"select count(*) from {relation} where {only or 'true'}").fetchall()
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey([node["schema"], node["name"]]),
        check_name=CHECK,
        passed=failing is None,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"rows": height}
        | ({} if failing is None else {"broken": "; ".join(broken), "failing": dg.MetadataValue.md(markdown(failing))}),
    )


def _judged(node: Mapping[str, Any]) -> list[str]:
    """Columns as the rules need them: of one that must only not be null, whether it is, which is a hundred times smaller."""
    judged = []
    for name, column in node["columns"].items():
        rules = [rule for rule, _ in _rules(node["name"], node["columns"], column)]
        if rules == [_never_null(name)]:
            judged.append(f'case when "{name}" is not null then true end as "{name}"')
        elif rules:
            judged.append(f'"{name}"')
    return judged


def _never_null(name: str) -> str:
    return f"{name} is never null"
