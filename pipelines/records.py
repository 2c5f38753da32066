"""THE records: Observation, Target and Event, one row being one published statement about one cell.

Columns, types and what must hold of every record in ``raw`` are said here and nowhere else; names follow SDMX. How a
statement becomes a record is ``statements``; where records are kept is ``warehouse``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import pandera.polars as pa
import polars as pl

TEXT: Any = pl.String
DATE: Any = pl.Date
INTEGER: Any = pl.Int32
MOMENT: Any = pl.Datetime("us")

# What a release says, in the order of the figures format; the rest of a record is added by the house.
_CELL = ("indicator", "definition", "ref_area", "urbanisation", "breakdown")
_WHERE = ("publisher", "document", "locator", "quote", "comment")
STATEMENT_COLUMNS: dict[str, tuple[str, ...]] = {
    "observation": (
        *_CELL, "time_period", "freq", "flow", "obs_value", "unit_measure", "unit_mult", "bound", "obs_lower", "obs_upper",
        "obs_status", "conf_status", *_WHERE,
    ),
    "target": (
        "target_id", "strategy", *_CELL, "statement_type", "direction", "baseline_value", "baseline_period", "baseline_bound",
        "target_value", "unit_measure", "unit_mult", "bound", "target_lower", "target_upper", "due_period", "target_status",
        "supersedes", *_WHERE,
    ),
    "event": (
        "event_id", "event_type", "strategy", "ref_area", "time_period", "title_fr", "title_ar", "title_en", "description_en",
        *_WHERE,
    ),
}  # fmt: skip

# Statuses under which a cell has no value: missing, cannot exist, exists but not collected, suppressed, included
# elsewhere, holiday, not significant (SDMX CL_OBS_STATUS).
STATUSES_WITHOUT_VALUE = ("O", "M", "L", "Q", "K", "H", "N")


class Provenance(pa.DataFrameModel):
    """Who said it, where and when: the columns every record ends with."""

    dataset: TEXT
    publisher: TEXT
    document: TEXT
    release: TEXT
    release_row: INTEGER = pa.Field(ge=1)
    locator: TEXT = pa.Field(nullable=True)
    quote: TEXT = pa.Field(nullable=True)
    comment: TEXT = pa.Field(nullable=True)
    published_on: DATE = pa.Field(nullable=True)
    published_precision: TEXT = pa.Field(isin=["DAY", "MONTH", "YEAR", "UNKNOWN"])
    published_not_after: DATE
    retrieved_on: DATE
    recorded_at: MOMENT
    sha256: TEXT = pa.Field(str_matches=r"^[0-9a-f]{64}$")

    class Config:
        """No column more than these."""

        strict = True

    @pa.dataframe_check(name="published before it was retrieved, retrieved before it was recorded")
    def _dates_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(
            (pl.col("published_on").is_null() | (pl.col("published_on") <= pl.col("published_not_after")))
            & (pl.col("published_not_after") <= pl.col("retrieved_on"))
            # A day read in one time zone may be the day before in UTC.
            & (pl.col("retrieved_on") <= pl.col("recorded_at").dt.date().dt.offset_by("1d"))
        )


class Observation(Provenance):
    """A published figure: which cell, what was said of it, by whom.

    ``obs_value``, ``obs_lower`` and ``obs_upper`` are the digits as printed (plain decimal text), in units of
    10^``unit_mult`` ``unit_measure``. ``period_start`` is null for a cumulation of unknown start, ``period_end`` for an
    undated figure; both cells meet only their like.
    """

    observation_id: TEXT = pa.Field(unique=True, str_matches=r"^[0-9a-f]{64}$")
    cell_id: TEXT = pa.Field(str_matches=r"^[0-9a-f]{32}$")
    indicator: TEXT
    definition: TEXT
    freq_class: TEXT = pa.Field(isin=["STOCK", "FLOW"])
    period_start: DATE = pa.Field(nullable=True)
    period_end: DATE = pa.Field(nullable=True)
    ref_area: TEXT
    geo_version: TEXT
    urbanisation: TEXT
    breakdown: TEXT
    obs_value: TEXT = pa.Field(nullable=True, str_matches=r"^-?[0-9]+(\.[0-9]+)?$")
    unit_measure: TEXT
    unit_mult: INTEGER = pa.Field(isin=[0, 3, 6, 9])
    decimals: INTEGER = pa.Field(nullable=True, ge=0)
    freq: TEXT
    time_period: TEXT
    flow: TEXT = pa.Field(isin=["STOCK", "FLOW", "CUM_YTD", "CUM_SINCE"])
    bound: TEXT = pa.Field(isin=["EQ", "GE", "LE", "APPROX", "LT_APPROX"])
    obs_lower: TEXT = pa.Field(nullable=True)
    obs_upper: TEXT = pa.Field(nullable=True)
    obs_status: TEXT
    conf_status: TEXT

    @pa.dataframe_check(name="a value, a range, or a status that says why there is none")
    def _said_something(cls, data: pa.PolarsData) -> pl.LazyFrame:
        without = pl.col("obs_status").is_in(STATUSES_WITHOUT_VALUE)
        ranged = pl.col("obs_lower").is_not_null() & pl.col("obs_upper").is_not_null()
        return data.lazyframe.select((pl.col("obs_value").is_null() & ~ranged) == without)

    @pa.dataframe_check(name="the period ends after it starts")
    def _period_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select((pl.col("period_start") <= pl.col("period_end")).fill_null(True))


class Target(Provenance):
    """What a strategy promised: value (or range), unit, due period, baseline as stated, and who printed it."""

    target_id: TEXT
    strategy: TEXT
    indicator: TEXT
    definition: TEXT
    freq_class: TEXT = pa.Field(isin=["STOCK", "FLOW"])
    ref_area: TEXT
    geo_version: TEXT
    urbanisation: TEXT
    breakdown: TEXT
    statement_type: TEXT = pa.Field(isin=["LEVEL", "INCREMENT", "RATIO_TO_BASE", "SHARE", "RANK"])
    direction: TEXT = pa.Field(isin=["UP", "DOWN"])
    baseline_value: TEXT = pa.Field(nullable=True)
    baseline_period: TEXT = pa.Field(nullable=True)
    baseline_on: DATE = pa.Field(nullable=True)
    baseline_bound: TEXT = pa.Field(nullable=True)
    target_value: TEXT = pa.Field(nullable=True)
    unit_measure: TEXT
    unit_mult: INTEGER = pa.Field(isin=[0, 3, 6, 9])
    decimals: INTEGER = pa.Field(nullable=True, ge=0)
    bound: TEXT = pa.Field(isin=["EQ", "GE", "LE", "APPROX", "LT_APPROX"])
    target_lower: TEXT = pa.Field(nullable=True)
    target_upper: TEXT = pa.Field(nullable=True)
    due_period: TEXT = pa.Field(nullable=True)
    due_on: DATE = pa.Field(nullable=True)
    target_status: TEXT = pa.Field(isin=["draft", "announced", "adopted", "dropped"])
    supersedes: TEXT = pa.Field(nullable=True)

    class Config:
        """An id stands once; a release that replaces another has it again."""

        strict = True
        unique: ClassVar[list[str]] = ["target_id", "dataset", "release"]

    @pa.dataframe_check(name="a target has a value or a range")
    def _promises_something(cls, data: pa.PolarsData) -> pl.LazyFrame:
        ranged = pl.col("target_lower").is_not_null() & pl.col("target_upper").is_not_null()
        return data.lazyframe.select(pl.col("target_value").is_not_null() | ranged)


class Event(Provenance):
    """Something that happened, or was set for, a date: launches, reviews, site openings. ``ref_area`` joins areas by ';'."""

    event_id: TEXT
    event_type: TEXT
    strategy: TEXT = pa.Field(nullable=True)
    ref_area: TEXT
    time_period: TEXT
    period_start: DATE = pa.Field(nullable=True)
    period_end: DATE
    title_fr: TEXT
    title_ar: TEXT
    title_en: TEXT
    description_en: TEXT = pa.Field(nullable=True)

    class Config:
        """An id stands once; a release that replaces another has it again."""

        strict = True
        unique: ClassVar[list[str]] = ["event_id", "dataset", "release"]


RECORDS: dict[str, type[Provenance]] = {"observation": Observation, "target": Target, "event": Event}


def columns(kind: str) -> dict[str, pl.DataType]:
    """Column names and polars types of a record, the cell first and the provenance last."""
    schema = RECORDS[kind].to_schema()
    inherited = list(Provenance.to_schema().columns)
    own = [name for name in schema.columns if name not in inherited]
    return {name: schema.columns[name].dtype.type for name in (*own, *inherited)}
