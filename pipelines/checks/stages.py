"""Checks of the first stages: a data set's releases and its age, the raw tables' records."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import duckdb
import polars as pl
from pandera.errors import SchemaErrors

from pipelines.checks.shown import markdown
from pipelines.datasets import DataSet
from pipelines.quiet import PUBLICATION_KEY
from pipelines.records import RECORDS, columns
from pipelines.warehouse.shrinkage import Loss
from pipelines.warehouse.tables import TABLE_OF_KIND

MOST_SHOWN = 50
"""Failing rows shown in a check's metadata."""


@dataclass(frozen=True)
class StageCheck:
    """A check made by the asset it is about. A failing WARN says so and lets the run go on; a blocking ERROR stops it."""

    name: str
    description: str
    blocking: bool

    def spec(self, key: Sequence[str]) -> dg.AssetCheckSpec:
        """Its Dagster spec on asset ``key``."""
        return dg.AssetCheckSpec(self.name, asset=dg.AssetKey(list(key)), description=self.description, blocking=self.blocking)

    def result(self, key: Sequence[str], passed: bool, metadata: Mapping[str, Any]) -> dg.AssetCheckResult:
        """Its verdict on asset ``key``."""
        return dg.AssetCheckResult(
            asset_key=dg.AssetKey(list(key)),
            check_name=self.name,
            passed=passed,
            severity=dg.AssetCheckSeverity.ERROR if self.blocking else dg.AssetCheckSeverity.WARN,
            metadata=metadata,
        )


RELEASES = StageCheck(
    "releases", "Every release is readable and keeps every rule; a refused one is reported, the rest loaded.", False
)
RAW_RECORDS = StageCheck("raw_records", "Every row of the raw table keeps the record's pandera model.", True)
AGE = StageCheck("age", "The source was heard of within the publisher's promise.", False)


SHRINKAGE = StageCheck(
    "shrinkage", "No data set and no mart has fewer rows, indicators, areas or periods than in the last publication.", True
)


def shrinkage(since: str | None, lost: Sequence[Loss], blocking: Sequence[Loss]) -> dg.AssetCheckResult:
    """The draft has no less than publication ``since``, but for what was allowed or accepted; all losses are shown."""
    frame = pl.DataFrame(
        [[each.name, each.measure, each.before, each.lost, ", ".join(each.codes), each not in blocking] for each in lost],
        schema={"what": pl.String, "measure": pl.String, "before": pl.Int64, "lost": pl.Int64, "codes": pl.String,
                "allowed or accepted": pl.Boolean},
        orient="row",
    )  # fmt: skip
    said = {"since": since or "nothing was published before"}
    return SHRINKAGE.result(
        PUBLICATION_KEY, not blocking, said | ({"would vanish": dg.MetadataValue.md(markdown(frame))} if lost else {})
    )


def raw_records(connection: duckdb.DuckDBPyConnection, kind: str, only: str | None = None) -> dg.AssetCheckResult:
    """Validate the raw table of ``kind`` against its record model, and that its ids are unique.

    ``only`` is a condition for the rows that are looked at, where all others were before and are as they were; their ids are held
    against all ids all the same.
    """
    table = TABLE_OF_KIND[kind]
    # What holds between rows is asked of DuckDB, which needs not all of them in memory; the rest is held row by row.
    schema, keys = row_by_row(RECORDS[kind].to_schema())
    height = 0
    failing: list[pl.DataFrame] = []
    for frame in frames(connection, f"select {', '.join(columns(kind))} from raw.{table} where {only or 'true'}"):
        found = failures(schema, frame)
        if found is not None and not failing:
            failing.append(found.with_columns(pl.col("index") + height))
        height += frame.height
    for key in keys:
        doubled = connection.sql(
            f"select {', '.join(key)} from raw.{table} "
            + (f"where ({', '.join(key)}) in (select {', '.join(key)} from raw.{table} where {only}) " if only else "")
            + f"group by all having count(*) > 1 order by all limit {MOST_SHOWN}"
        ).pl()
        if not doubled.is_empty():
            failing.append(doubled)
    shown = {"failing": dg.MetadataValue.md("\n\n".join(markdown(each) for each in failing))} if failing else {}
    return RAW_RECORDS.result(["raw", table], not failing, {"rows": height} | shown)


ROWS_AT_ONCE = 500_000
"""Rows of a table that pandera is shown together: whole tables would not fit into memory for ever."""


def frames(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[pl.DataFrame]:
    """What ``query`` gives, in collected frames of some ``ROWS_AT_ONCE`` rows; at least one, maybe empty.

    pandera gets frames: of a LazyFrame it checks the schema only, and bad values pass.
    """
    reader = connection.sql(query).to_arrow_reader(ROWS_AT_ONCE)
    waiting = [pl.DataFrame(pl.from_arrow(reader.schema.empty_table()))]
    height = 0
    for batch in reader:
        waiting.append(pl.DataFrame(pl.from_arrow(batch)))
        height += waiting[-1].height
        if height >= ROWS_AT_ONCE:
            yield pl.concat(waiting)
            waiting, height = [], 0
    if waiting:
        yield pl.concat(waiting)


def row_by_row(schema: Any) -> tuple[Any, list[list[str]]]:
    """The pandera schema without its rules about several rows, and the keys that those say are unique."""
    keys = [[name] for name, column in schema.columns.items() if column.unique]
    alone = copy.deepcopy(schema)
    for column in alone.columns.values():
        column.unique = False
    if schema.unique:
        keys.append(list(schema.unique))
        alone.unique = None
    return alone, keys


def age(connection: duckdb.DuckDBPyConnection, dataset: DataSet, max_age_days: int, today: date) -> dg.AssetCheckResult:
    """Days since the source was last heard of, against its promise: as ``late_after`` of ``quality.source_health`` has it.

    Most documents print no date, but a figure was not published before the end of the period that it is of.
    """
    [(releases,)] = connection.execute("select count(*) from raw.releases where dataset = ?", [dataset.name]).fetchall()
    if not releases:
        # Not late: never begun. What became of asking for it is told by `marsad status`.
        return AGE.result(dataset.key, True, {"last heard of": "no release yet", "allowed": max_age_days})
    ended = "least(period_end, published_not_after)" if dataset.kind == "observation" else "null"
    heard: date | None
    [(heard,)] = connection.execute(
        f"select greatest(max(published_on), max({ended})) from raw.{TABLE_OF_KIND[dataset.kind]} where dataset = ?",
        [dataset.name],
    ).fetchall()
    days = None if heard is None else (today - heard).days
    return AGE.result(
        dataset.key,
        days is not None and days <= max_age_days,
        {"last heard of": str(heard), "age in days": days if days is not None else "no date at all", "allowed": max_age_days},
    )


def failures(schema: Any, frame: pl.DataFrame) -> pl.DataFrame | None:
    """pandera's failure cases, at most ``MOST_SHOWN``, or None when the (collected) frame is good."""
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases: pl.DataFrame = errors.failure_cases
        return cases.head(MOST_SHOWN)
    return None
