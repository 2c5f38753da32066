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

    dataset: TEXT = pa.Field(description="Data set that the release belongs to (reference.datasets).")
    publisher: TEXT = pa.Field(description="Publisher of the statement (reference.publishers).")
    document: TEXT = pa.Field(description="Document in which the statement was read (reference.documents).")
    release: TEXT = pa.Field(description="Release that the statement came in: a file of the data set.")
    release_row: INTEGER = pa.Field(ge=1, description="Number of the statement in its release.")
    locator: TEXT = pa.Field(nullable=True, description="Where in the document it stands.")
    quote: TEXT = pa.Field(nullable=True, description="Words of the document, 15 at most.")
    comment: TEXT = pa.Field(nullable=True, description="What to know of the statement.")
    published_on: DATE = pa.Field(
        nullable=True,
        description="Date of publication (first day of the month or year when only that is known); empty when unknown.",
    )
    published_precision: TEXT = pa.Field(
        isin=["DAY", "MONTH", "YEAR", "UNKNOWN"],
        description="How precisely the date of publication is known.",
    )
    published_not_after: DATE = pa.Field(
        description="Day by which it had been published: the date of publication, or the day it was read when that is not known.",
    )
    retrieved_on: DATE = pa.Field(description="Day on which the document was read.")
    recorded_at: MOMENT = pa.Field(description="Moment (UTC) at which the release was filed here.")
    sha256: TEXT = pa.Field(str_matches=r"^[0-9a-f]{64}$", description="SHA-256 of the release's bytes.")

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

    observation_id: TEXT = pa.Field(
        unique=True,
        str_matches=r"^[0-9a-f]{64}$",
        description="Id of the statement: a hash of its cell, its origin and what was said.",
    )
    cell_id: TEXT = pa.Field(
        str_matches=r"^[0-9a-f]{32}$",
        description="Id of the cell, by which every statement about it is found in staging.stg_observations.",
    )
    indicator: TEXT = pa.Field(description="Code of the indicator (reference.indicators).")
    definition: TEXT = pa.Field(
        description=(
            "Definition (reference.definitions): concept, universe, perimeter and method. Only figures of one "
            "definition are compared."
        ),
    )
    freq_class: TEXT = pa.Field(isin=["STOCK", "FLOW"], description="STOCK (stands at a date) or FLOW (counts over a period).")
    period_start: DATE = pa.Field(
        nullable=True,
        description="First day of the period; for a stock its day; empty when not known.",
    )
    period_end: DATE = pa.Field(nullable=True, description="Last day of the period; for a stock its day; empty when undated.")
    ref_area: TEXT = pa.Field(
        description="Code of the area as text (reference.areas): MA, an HCP code, or P:<slug> for a place that is no HCP unit.",
    )
    geo_version: TEXT = pa.Field(description="Version of the administrative division that the area's code belongs to.")
    urbanisation: TEXT = pa.Field(description="Part of the area: _T the whole, U urban, R rural.")
    breakdown: TEXT = pa.Field(
        description="Part of the population or of the count as DIM=CODE pairs, sorted and joined by ';'; _T for the whole.",
    )
    obs_value: TEXT = pa.Field(
        nullable=True,
        str_matches=r"^-?[0-9]+(\.[0-9]+)?$",
        description="The number as printed: plain digits, in units times 10^unit_mult.",
    )
    unit_measure: TEXT = pa.Field(description="Unit of the value (reference.units).")
    unit_mult: INTEGER = pa.Field(isin=[0, 3, 6, 9], description="Power of ten that the printed number is in.")
    decimals: INTEGER = pa.Field(nullable=True, ge=0, description="Digits after the point as printed.")
    freq: TEXT = pa.Field(description="How often the publisher prints it (SDMX CL_FREQ).")
    time_period: TEXT = pa.Field(description="Period as printed.")
    flow: TEXT = pa.Field(
        isin=["STOCK", "FLOW", "CUM_YTD", "CUM_SINCE"],
        description=(
            "How the figure was printed: STOCK, FLOW, CUM_YTD (cumulated since 1 January) or CUM_SINCE. Never add "
            "cumulated figures of one year."
        ),
    )
    bound: TEXT = pa.Field(
        isin=["EQ", "GE", "LE", "APPROX", "LT_APPROX"],
        description=(
            "What the wording says of the value: EQ as printed, GE at least, LE at most, APPROX about, LT_APPROX "
            "nearly. It applies to everything computed from the value."
        ),
    )
    obs_lower: TEXT = pa.Field(nullable=True, description="Lower end of a printed range, as printed.")
    obs_upper: TEXT = pa.Field(nullable=True, description="Upper end of a printed range, as printed.")
    obs_status: TEXT = pa.Field(
        description=(
            "Status of the figure (SDMX CL_OBS_STATUS): A normal, P provisional, E estimated, U low reliability, O "
            "missing, K included elsewhere."
        ),
    )
    conf_status: TEXT = pa.Field(description="Confidentiality (SDMX CL_CONF_STATUS); F is free.")

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

    target_id: TEXT = pa.Field(description="Id of the statement of the target.")
    strategy: TEXT = pa.Field(description="Code of the strategy (reference.strategies).")
    indicator: TEXT = pa.Field(description="Code of the indicator (reference.indicators).")
    definition: TEXT = pa.Field(
        description=(
            "Definition (reference.definitions): concept, universe, perimeter and method. Only figures of one "
            "definition are compared."
        ),
    )
    freq_class: TEXT = pa.Field(isin=["STOCK", "FLOW"], description="STOCK (stands at a date) or FLOW (counts over a period).")
    ref_area: TEXT = pa.Field(
        description="Code of the area as text (reference.areas): MA, an HCP code, or P:<slug> for a place that is no HCP unit.",
    )
    geo_version: TEXT = pa.Field(description="Version of the administrative division that the area's code belongs to.")
    urbanisation: TEXT = pa.Field(description="Part of the area: _T the whole, U urban, R rural.")
    breakdown: TEXT = pa.Field(
        description="Part of the population or of the count as DIM=CODE pairs, sorted and joined by ';'; _T for the whole.",
    )
    statement_type: TEXT = pa.Field(
        isin=["LEVEL", "INCREMENT", "RATIO_TO_BASE", "SHARE", "RANK"],
        description="How the target is stated: LEVEL, SHARE, RANK, INCREMENT (new since launch) or RATIO_TO_BASE.",
    )
    direction: TEXT = pa.Field(isin=["UP", "DOWN"], description="Which way the target lies: UP or DOWN (ranks: DOWN).")
    baseline_value: TEXT = pa.Field(nullable=True, description="Baseline as printed.")
    baseline_period: TEXT = pa.Field(nullable=True, description="Period of the baseline, as stated.")
    baseline_on: DATE = pa.Field(nullable=True, description="Last day of that period.")
    baseline_bound: TEXT = pa.Field(nullable=True, description="What the wording says of the baseline.")
    target_value: TEXT = pa.Field(nullable=True, description="Target as printed.")
    unit_measure: TEXT = pa.Field(description="Unit of the value (reference.units).")
    unit_mult: INTEGER = pa.Field(isin=[0, 3, 6, 9], description="Power of ten that the printed number is in.")
    decimals: INTEGER = pa.Field(nullable=True, ge=0, description="Digits after the point as printed.")
    bound: TEXT = pa.Field(isin=["EQ", "GE", "LE", "APPROX", "LT_APPROX"], description="What the wording says of the target.")
    target_lower: TEXT = pa.Field(nullable=True, description="Lower end of a printed range.")
    target_upper: TEXT = pa.Field(nullable=True, description="Upper end of a printed range.")
    due_period: TEXT = pa.Field(nullable=True, description="Period in which the target is due, as stated.")
    due_on: DATE = pa.Field(nullable=True, description="Last day of the due period; empty when no due date is stated.")
    target_status: TEXT = pa.Field(
        isin=["draft", "announced", "adopted", "dropped"],
        description="Standing of the statement: draft, announced, adopted or dropped.",
    )
    supersedes: TEXT = pa.Field(nullable=True, description="Target that this one replaces.")

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

    event_id: TEXT = pa.Field(description="Id of the event.")
    event_type: TEXT = pa.Field(description="Type of the event (code list EVENT_TYPE).")
    strategy: TEXT = pa.Field(nullable=True, description="Strategy that it belongs to, if any.")
    ref_area: TEXT = pa.Field(description="Codes of the areas, joined by ';'.")
    time_period: TEXT = pa.Field(description="Period as printed.")
    period_start: DATE = pa.Field(
        nullable=True,
        description="First day of the period; for a stock its day; empty when not known.",
    )
    period_end: DATE = pa.Field(description="Last day of the period; for a stock its day; empty when undated.")
    title_fr: TEXT = pa.Field(description="Title in French.")
    title_ar: TEXT = pa.Field(description="Title in Arabic.")
    title_en: TEXT = pa.Field(description="Title in English.")
    description_en: TEXT = pa.Field(nullable=True, description="What happened, in English.")

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


def descriptions(kind: str) -> dict[str, str]:
    """What each column of a record means, one sentence each: the comments of its raw table."""
    return {name: str(column.description) for name, column in RECORDS[kind].to_schema().columns.items()}
