"""What an analyst can rely on in every table: a grain, a key, comments, labels, units, and a way back to the sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.house import DATA
from tests.integration.conftest import Whole

MARTS = {
    "area_aggregates", "local_indicators", "national_indicators", "regional_company_creation", "regional_convergence", "regional_digital_index",
    "regional_disparity", "regional_index_components", "regional_index_sensitivity",
    "regional_indicators", "urban_rural_divide", "strategy_progress",
    "strategy_scorecard", "strategy_targets", "strategy_timeline", "strategy_target_chains", "strategy_forecast",
    "city_programmes", "city_programme_figures",
}  # fmt: skip
QUALITY = {
    "contradictions", "lineage", "lineage_parts", "lineage_rules", "reconciliations", "refused_rows", "revisions", "source_health",
}  # fmt: skip
REFERENCE = {path.stem for path in (DATA / "seeds").glob("*.csv")} | {"datasets", "publication"}
MET_BY_ANALYSTS = "('marts', 'quality', 'reference')"
NUMBERS = ("decimal", "double", "integer", "bigint")
# A number in a mart that counts rows of this warehouse, or scales a printed number, has no unit of measure.
COUNTS = {
    "statements", "statements_in_conflict", "statements_replaced", "targets", "achieved", "on_track", "off_track", "reversing",
    "met_on_time", "met_late", "missed", "indeterminate", "not_comparable", "not_measurable", "no_baseline", "measured",
    "vintages", "regions_reporting", "regions_expected", "regions_exact", "unit_mult", "units_found", "units_expected", "units_in_both",
    "promises", "scored", "not_reached", "not_classified", "figures", "window_points", "backtest_origins", "backtest_origins_known",
    "variants", "variants_undefined", "dominates", "is_dominated_by", "components_used", "components_needed",
    "parts_expected", "parts_found",
}  # fmt: skip


def rows(whole: Whole, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    return whole.connection.execute(sql, parameters).fetchall()


@pytest.fixture(scope="module")
def models(whole: Whole) -> dict[str, dict[str, Any]]:
    """dbt's nodes of marts and quality, by ``schema.name``."""
    manifest = json.loads((whole.settings.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    return {
        f"{node['schema']}.{node['name']}": node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in ("marts", "quality")
    }


def columns(models: dict[str, dict[str, Any]], schema: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Table, column, type and meta of every column."""
    for name, node in models.items():
        if name.startswith(f"{schema}."):
            for column in node["columns"].values():
                yield name, column["name"], str(column["data_type"]), column.get("config", {}).get("meta", {})


def test_the_tables_an_analyst_meets(whole: Whole) -> None:
    found = rows(
        whole,
        f"select schema_name, table_name from duckdb_tables() where schema_name in {MET_BY_ANALYSTS} "
        f"union all select schema_name, view_name from duckdb_views() where schema_name in {MET_BY_ANALYSTS}",
    )

    assert {name for schema, name in found if schema == "marts"} == MARTS
    assert {name for schema, name in found if schema == "quality"} == QUALITY
    assert {name for schema, name in found if schema == "reference"} == REFERENCE


def test_marts_are_tables_not_views(whole: Whole) -> None:
    assert {name for (name,) in rows(whole, "select table_name from duckdb_tables() where schema_name = 'marts'")} == MARTS


def test_every_table_says_its_grain(whole: Whole) -> None:
    found = rows(
        whole,
        f"select schema_name || '.' || table_name, comment from duckdb_tables() where schema_name in {MET_BY_ANALYSTS} "
        f"union all select schema_name || '.' || view_name, comment from duckdb_views() where schema_name in {MET_BY_ANALYSTS}",
    )

    assert [name for name, comment in found if not (comment or "").startswith(("One row per ", "One row: "))] == []
    assert len(found) == len(MARTS | QUALITY) + len(REFERENCE)


WHERE_TO_SAY_IT = {
    "raw": "the column of the record in pipelines/records.py, or pipelines/warehouse/tables.py",
    "reference": "dbt_project/models/reference/{table}.yml, or pipelines/warehouse/publication.py",
}


def test_nothing_in_the_catalogue_is_without_a_comment(whole: Whole) -> None:
    """Tables, views, columns and table macros, of every schema: what an analyst's tool shows beside each name."""
    bare = rows(
        whole,
        """
        select schema_name, table_name, null as column_name, comment from duckdb_tables() where not internal
        union all select schema_name, view_name, null, comment from duckdb_views() where not internal
        union all select schema_name, function_name, null, comment from duckdb_functions() where not internal
        union all
        select schema_name, table_name, column_name, comment from duckdb_columns() where not internal
        """,
    )
    missing = [
        f"{schema}.{table}{f'.{column}' if column else ''}: "
        + WHERE_TO_SAY_IT.get(schema, "the model's YAML beside dbt_project/models/**/{table}.sql").format(table=table)
        for schema, table, column, comment in bare
        if len((comment or "").strip()) < 5
    ]

    assert missing == [], "no comment; say it in:\n" + "\n".join(missing)
    assert {schema for schema, *_ in bare} >= {"raw", "staging", "intermediate", "marts", "quality", "reference"}


def test_every_label_is_there_in_three_languages(whole: Whole) -> None:
    labels = rows(
        whole,
        f"select schema_name, table_name, column_name from duckdb_columns() where schema_name in {MET_BY_ANALYSTS} "
        "and not internal and regexp_matches(column_name, '(label|title)_(fr|ar|en)$')",
    )
    names = {f"{schema}.{table}.{column[:-3]}" for schema, table, column in labels}
    assert len(labels) == 3 * len(names)  # never one language alone
    # A reconciliation of a whole data set is about no indicator; an event may be about no strategy or place.
    optional = {
        ("quality.reconciliations", "indicator_label"): "indicator",
        ("marts.strategy_timeline", "strategy_label"): "strategy",
        ("marts.strategy_timeline", "area_label"): "ref_area",
        ("marts.city_programmes", "strategy_label"): "strategy",
        ("marts.city_programmes", "commune_label"): "commune",
        ("marts.city_programmes", "event_title"): "event_id",
    }
    missing = []
    for schema, table, column in labels:
        only = optional.get((f"{schema}.{table}", column[:-3]))
        where = f"{only} is not null and " if only else ""
        [(empty,)] = rows(whole, f"select count(*) from {schema}.{table} where {where}coalesce(trim({column}), '') = ''")
        if empty:
            missing.append((schema, table, column, empty))

    assert missing == []


def test_arabic_labels_are_arabic(whole: Whole) -> None:
    for table, column in (
        ("marts.regional_indicators", "area_label_ar"),
        ("reference.indicators", "label_ar"),
        ("reference.units", "label_ar"),
    ):
        assert rows(whole, f"select distinct {column} from {table} where not regexp_matches({column}, '\\p{{Arabic}}')") == []


def test_every_mart_has_a_key_and_it_is_unique(whole: Whole, models: dict[str, dict[str, Any]]) -> None:
    for name, node in models.items():
        key = ", ".join(node["config"]["meta"]["primary_key"])
        [(count, distinct)] = rows(whole, f"select count(*), count(distinct ({key})) from {name}")
        assert count == distinct, name
        assert rows(whole, f"select 1 from {name} where concat_ws('', {key}) = ''") == [], name
    assert models.keys() == {f"marts.{name}" for name in MARTS} | {f"quality.{name}" for name in QUALITY}


def test_every_contract_is_enforced_and_what_was_built(whole: Whole, models: dict[str, dict[str, Any]]) -> None:
    for name, node in models.items():
        assert node["config"]["contract"]["enforced"] is True, name
        schema, table = name.split(".")
        built = rows(
            whole,
            "select column_name, lower(data_type) from duckdb_columns() where schema_name = ? and table_name = ? order by column_index",
            schema, table,
        )  # fmt: skip
        assert built == [(column["name"], column["data_type"].lower()) for column in node["columns"].values()], name


def test_every_number_of_a_mart_has_a_unit(models: dict[str, dict[str, Any]]) -> None:
    without = {
        (table, column)
        for table, column, dtype, meta in columns(models, "marts")
        if dtype.split("(")[0] in NUMBERS and not meta.keys() & {"unit", "unit_column"}
    }

    assert {column for _, column in without} - COUNTS == set()


def test_additive_values_are_decimals_and_only_quotients_are_doubles(models: dict[str, dict[str, Any]]) -> None:
    assert [
        (table, column)
        for table, column, dtype, meta in columns(models, "marts")
        if dtype == "double" and not meta.keys() & {"unit", "unit_column"}
    ] == []
    for table, column, dtype, _ in columns(models, "marts"):
        # A measure of disparity is a quotient, or a logarithm of one.
        if column in ("value", "value_lower", "value_upper", "national_value", "regions_sum", "population") and (
            table != "marts.regional_disparity"
        ):
            assert dtype == "decimal(38,12)", (table, column)


def test_units_named_by_a_mart_are_in_the_catalogue(whole: Whole, models: dict[str, dict[str, Any]]) -> None:
    for name, node in models.items():
        if "unit_measure" in node["columns"]:
            known = "select unit_measure from reference.units"
            assert rows(whole, f"select unit_measure from {name} where unit_measure not in ({known})") == [], name
