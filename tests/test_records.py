"""The records: all the real data is valid, and each rule of a record catches what breaks it."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from pandera.errors import SchemaErrors

from pipelines.records import RECORDS, columns, descriptions
from pipelines.warehouse.tables import COMMENTS, TABLE_OF_KIND
from tests.house import Real


def loaded(real: Real, kind: str, rows: int | None = None) -> pl.DataFrame:
    limit = "" if rows is None else f"limit {rows}"
    table = real.connection.sql(f"select {', '.join(columns(kind))} from raw.{TABLE_OF_KIND[kind]} {limit}").to_arrow_table()
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


@pytest.mark.parametrize(("kind", "at_least"), [("observation", 200_000), ("target", 80), ("event", 30)])
def test_all_the_real_data_is_valid(real: Real, kind: str, at_least: int) -> None:
    frame = loaded(real, kind)

    assert frame.height >= at_least
    RECORDS[kind].validate(frame, lazy=True)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("observation", {"observation_id": "A" * 64}),
        ("observation", {"cell_id": "a" * 64}),
        ("observation", {"obs_value": "1e9"}),
        ("observation", {"obs_value": None}),
        ("observation", {"obs_status": "O"}),
        ("observation", {"unit_mult": 2}),
        ("observation", {"flow": "YTD"}),
        ("observation", {"freq_class": "CUM_YTD"}),
        ("observation", {"bound": ">"}),
        ("observation", {"definition": None}),
        ("observation", {"period_start": datetime.date(2099, 1, 1)}),
        ("observation", {"release_row": 0}),
        ("observation", {"published_precision": "WEEK"}),
        ("observation", {"retrieved_on": datetime.date(2099, 1, 1)}),
        ("observation", {"published_on": datetime.date(2099, 1, 1)}),
        ("target", {"target_value": None, "target_lower": None}),
        ("target", {"statement_type": "ABSOLUTE"}),
        ("target", {"direction": "NONE"}),
        ("target", {"target_status": "planned"}),
        ("event", {"period_end": None}),
        ("event", {"title_ar": None}),
    ],
)
def test_a_record_that_breaks_a_rule_is_caught(real: Real, kind: str, changes: dict[str, Any]) -> None:
    frame = loaded(real, kind, 3)
    types = columns(kind)
    RECORDS[kind].validate(frame, lazy=True)

    with pytest.raises(SchemaErrors) as error:
        RECORDS[kind].validate(
            frame.with_row_index("_n")
            .with_columns(
                pl.when(pl.col("_n") == 1).then(pl.lit(value, types[name])).otherwise(name).alias(name)
                for name, value in changes.items()
            )
            .drop("_n"),
            lazy=True,
        )

    assert error.value.failure_cases.height == 1


@pytest.mark.parametrize(("kind", "key"), [("observation", "observation_id"), ("target", "target_id"), ("event", "event_id")])
def test_an_id_is_used_once(real: Real, kind: str, key: str) -> None:
    frame = loaded(real, kind, 3)

    with pytest.raises(SchemaErrors):
        RECORDS[kind].validate(frame.with_columns(pl.lit(frame[key][0]).alias(key)), lazy=True)


@pytest.mark.parametrize("kind", RECORDS)
def test_a_record_is_written_down_once(real: Real, kind: str) -> None:
    """The raw table has the record's columns, in its order, and no column besides."""
    described = real.connection.execute(f"describe raw.{TABLE_OF_KIND[kind]}").fetchall()

    assert [name for name, *_ in described] == list(columns(kind))


STAGED = Path(__file__).parents[1] / "dbt_project" / "models"


@pytest.mark.parametrize("kind", RECORDS)
def test_a_column_means_in_staging_what_it_means_in_the_record(kind: str) -> None:
    """Its meaning is said in ``records``; the YAML of the staging view says the same of the columns it passes on."""
    shared = dict(re.findall(r"{% docs (\w+) %}\n(.+?)\n{% enddocs %}", (STAGED / "columns.md").read_text("utf-8"), re.DOTALL))
    [model] = yaml.safe_load((STAGED / "staging" / f"stg_{TABLE_OF_KIND[kind]}.yml").read_text("utf-8"))["models"]
    staged = {
        column["name"]: re.sub(r"{{ doc\('(\w+)'\) }}", lambda match: shared[match[1]], column["description"])
        for column in model["columns"]
    }

    assert {name: (staged.get(name), said) for name, said in descriptions(kind).items() if staged.get(name) != said} == {}


def test_the_sources_of_dbt_are_described_as_the_raw_tables_are() -> None:
    [source] = yaml.safe_load((STAGED / "sources.yml").read_text("utf-8"))["sources"]

    assert {table["name"]: table["description"] for table in source["tables"]} == COMMENTS
