"""From what a release states to records: every rule a statement must keep, then the typed record.

``problems`` names each broken rule with its row, column and value; ``records`` builds Observation, Target or Event frames
from statements without problems. What does not belong here: reading bytes (``sources``) and keeping records (``warehouse``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.errors import SchemaErrors

from pipelines import quotes
from pipelines.datasets import DataSet, Release
from pipelines.periods import UNDATED, PeriodError, cell_period, span
from pipelines.records import STATEMENT_COLUMNS, STATUSES_WITHOUT_VALUE, columns
from pipelines.reference import Reference, nearest

MOST_PROBLEMS = 200
"""Problems kept of one release: enough to mend it, bounded when every row of a large file is wrong."""

NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
_MOST_QUOTED_WORDS = 15
# DECIMAL(38,12), in which values are summed, leaves 26 digits before the point.
_MOST_INTEGER_DIGITS = 26


@dataclass(frozen=True)
class Problem:
    """One broken rule. ``row`` is the statement's 1-based number in its release; None when the whole file is meant."""

    rule: str
    message: str
    row: int | None = None
    column: str | None = None
    value: str | None = None

    def sentence(self, path: str) -> str:
        """One line for a person: file, row, column, value, rule."""
        where = [f"row {self.row}" if self.row is not None else "", f"column {self.column}" if self.column else ""]
        value = f" (value {self.value!r})" if self.value is not None else ""
        return f"{path}: {', '.join(part for part in where if part)}{': ' if any(where) else ''}{self.message}{value}"


@dataclass(frozen=True)
class _Coded:
    """A column whose values come from a code list."""

    column: str
    code_list: str
    many: bool = False


_CODED = {
    "observation": (
        _Coded("indicator", "indicators"), _Coded("definition", "definitions"), _Coded("ref_area", "areas"),
        _Coded("urbanisation", "URBANISATION"), _Coded("freq", "FREQ"), _Coded("flow", "FLOW"),
        _Coded("unit_measure", "units"), _Coded("unit_mult", "UNIT_MULT"), _Coded("bound", "BOUND"),
        _Coded("obs_status", "OBS_STATUS"), _Coded("conf_status", "CONF_STATUS"),
        _Coded("publisher", "publishers"), _Coded("document", "documents"),
    ),
    "target": (
        _Coded("strategy", "strategies"), _Coded("indicator", "indicators"), _Coded("definition", "definitions"),
        _Coded("ref_area", "areas"), _Coded("urbanisation", "URBANISATION"), _Coded("statement_type", "STATEMENT_TYPE"),
        _Coded("direction", "DIRECTION"), _Coded("baseline_bound", "BOUND"), _Coded("unit_measure", "units"),
        _Coded("unit_mult", "UNIT_MULT"), _Coded("bound", "BOUND"), _Coded("target_status", "TARGET_STATUS"),
        _Coded("publisher", "publishers"), _Coded("document", "documents"),
    ),
    "event": (
        _Coded("event_type", "EVENT_TYPE"), _Coded("strategy", "strategies"), _Coded("ref_area", "areas", many=True),
        _Coded("publisher", "publishers"), _Coded("document", "documents"),
    ),
}  # fmt: skip
_OPTIONAL = {
    "observation": {"obs_value", "obs_lower", "obs_upper", "locator", "quote", "comment"},
    "target": {
        "baseline_value", "baseline_period", "baseline_bound", "target_value", "target_lower", "target_upper", "due_period",
        "supersedes", "locator", "quote", "comment",
    },
    "event": {"strategy", "description_en", "locator", "quote", "comment"},
}  # fmt: skip
_NUMBERS = {
    "observation": ("obs_value", "obs_lower", "obs_upper"),
    "target": ("baseline_value", "target_value", "target_lower", "target_upper"),
    "event": (),
}
_HEADLINE = {
    "observation": ("obs_value", "obs_lower", "obs_upper"),
    "target": ("target_value", "target_lower", "target_upper"),
}


def of_release(statements: pl.DataFrame, document: str | None) -> pl.DataFrame:
    """Statements with their document: one that names none stands in the document that the release's sidecar names."""
    return statements if document is None else statements.with_columns(pl.col("document").fill_null(document))


def problems(statements: pl.DataFrame, kind: str, reference: Reference) -> list[Problem]:
    """Every broken rule of a release's statements, by row; at most ``MOST_PROBLEMS``.

    ``statements``: text columns ``STATEMENT_COLUMNS[kind]`` as a reader returns them. A rule that needs sound cells (the
    days of a period, the size of a value) is judged once every cell is sound.
    """
    found = _broken(statements, _form_rules(statements, kind, reference))
    if not found:
        found = _broken(_with_meaning(statements, kind, reference), _sense_rules(kind))
    if not found:
        found = [*_quote_problems(statements, kind), *_doubled(statements, kind)]
    return sorted(found, key=lambda problem: (problem.row or 0, problem.column or ""))[:MOST_PROBLEMS]


def any_problem(releases: Iterable[pl.DataFrame], kind: str, reference: Reference) -> bool:
    """Whether any of several releases' statements has a problem: quicker than asking for the problems of each."""
    frames = list(releases)
    together = pl.concat(frames)
    return bool(
        _broken(together, _form_rules(together, kind, reference))
        or _broken(_with_meaning(together, kind, reference), _sense_rules(kind))
        or _quote_problems(together, kind)
        or any(_once(frame, kind).is_duplicated().any() for frame in frames)
    )


class RuleUnusable(RuntimeError):
    """A rule could not be judged: a fault of this module, never of a release. Nothing counts as kept."""


Row = Mapping[str, Any]
"""One statement with what its codes stand for, for the sentence that tells what is wrong with it."""


@dataclass(frozen=True)
class _Rule:
    """What a column must keep: an expression that is true where it does, and the sentence for a value that does not."""

    column: str
    name: str
    holds: pl.Expr
    says: Callable[[Row], str]


def _rule(column: str, name: str, holds: pl.Expr, says: str | Callable[[Row], str]) -> _Rule:
    return _Rule(column, name, holds.fill_null(True), says if callable(says) else lambda _: says)


def _broken(frame: pl.DataFrame, rules: Sequence[_Rule]) -> list[Problem]:
    """pandera finds the rows that break any rule (one pass over all of them); each is then told its rules by name."""

    def hold(data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(rule.holds.alias(rule.name) for rule in rules)

    schema = pa.DataFrameSchema(checks=[pa.Check(hold, name="the rules of a statement")])
    try:
        schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        rows = errors.failure_cases["index"]
        if rows.null_count() or rows.is_empty():
            raise RuleUnusable(f"a rule could not be judged: {errors.failure_cases.row(0)}") from errors
        bad = frame.with_row_index("_row").filter(pl.col("_row").is_in(rows.unique().sort().head(MOST_PROBLEMS).to_list()))
        return [
            Problem(
                rule.name,
                rule.says(row) + (f"; read at {row['locator'][:100]}" if row["locator"] else ""),
                row["_row"] + 1,
                rule.column,
                None if row[rule.column] is None else row[rule.column][:200],
            )
            for rule in rules
            for row in bad.filter(~rule.holds).iter_rows(named=True)
        ]
    return []


def _form_rules(statements: pl.DataFrame, kind: str, reference: Reference) -> list[_Rule]:
    """Rules that one cell keeps by itself: its code is known, its digits are digits, its text is clean."""
    rules = [_known(statements, coded, reference) for coded in _CODED[kind]]
    rules += [
        _rule(column, f"{column} is never empty", pl.col(column).is_not_null(), f"{column} must not be empty: nothing is guessed")
        for column in STATEMENT_COLUMNS[kind]
        if column not in _OPTIONAL[kind]
    ]
    rules += [
        _rule(
            column,
            f"{column} in plain digits",
            pl.col(column).str.contains(NUMBER),
            f"{column} must be the printed number in plain digits (12345.6), without blanks, commas, units or formulas",
        )
        for column in _NUMBERS[kind]
    ]
    rules += [
        _rule(
            column,
            f"{column} without blanks around it or control characters",
            ~pl.col(column).str.contains(r"^\s|\s$|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),
            f"{column} has blanks around it or control characters",
        )
        for column in STATEMENT_COLUMNS[kind]
    ]
    rules.append(
        _rule(
            "quote",
            f"a quote of {_MOST_QUOTED_WORDS} words at most",
            pl.col("quote").str.split(" ").list.len() <= _MOST_QUOTED_WORDS,
            f"a quote is evidence of {_MOST_QUOTED_WORDS} words at most",
        )
    )
    if kind != "event":
        reasons = _reasons(statements["breakdown"], lambda text: _breakdown_reason(text, reference))
        rules.append(_reasoned("breakdown", "a breakdown of known codes", reasons))
    return rules


def _reasons(values: pl.Series, judge: Callable[[str], str | None]) -> dict[str, str]:
    """What ``judge`` has against each distinct value; each is judged once."""
    judged = {value: judge(value) for value in values.drop_nulls().unique().to_list()}
    return {value: reason for value, reason in judged.items() if reason}


def _reasoned(column: str, name: str, reasons: Mapping[str, str]) -> _Rule:
    return _rule(column, name, ~pl.col(column).is_in(list(reasons)), lambda row: reasons.get(row[column] or "", name))


def _known(statements: pl.DataFrame, coded: _Coded, reference: Reference) -> _Rule:
    codes = reference.codes(coded.code_list)

    def reason(value: str) -> str | None:
        unknown = [code for code in (value.split(";") if coded.many else [value]) if code not in codes]
        if not unknown:
            return None
        near = nearest(unknown[0], codes)
        hint = f"; nearest known: {', '.join(near)}" if near else f"; {len(codes)} are known, none is like it"
        return f"{unknown[0]!r} is not in the code list {coded.code_list}{hint}"

    return _reasoned(coded.column, f"{coded.column} is in {coded.code_list}", _reasons(statements[coded.column], reason))


def _breakdown_reason(text: str, reference: Reference) -> str | None:
    if text == "_T":
        return None
    pairs = [pair.partition("=") for pair in text.split(";")]
    dimensions = [dimension for dimension, _, _ in pairs]
    if dimensions != sorted(set(dimensions)):
        return "the pairs DIM=CODE of a breakdown are sorted by dimension, each dimension once"
    known = reference.codes("BREAKDOWN_DIMENSION")
    for dimension, _, code in pairs:
        if dimension not in known:
            return f"{dimension!r} is not a breakdown dimension; known: {', '.join(sorted(known))}"
        if code not in reference.codes(dimension):
            return f"{code!r} is not in the code list {dimension}; known: {', '.join(sorted(reference.codes(dimension)))}"
    return None


def _with_meaning(statements: pl.DataFrame, kind: str, reference: Reference) -> pl.DataFrame:
    """Statements beside what their codes stand for, in columns with a leading underscore, for the rules of sense."""
    frame = statements.with_columns(_problem_of_period=_period_reason(statements, kind))
    if kind == "event":
        return frame
    if kind == "target":
        frame = frame.with_columns(_problem_of_baseline=_reason_of_periods(statements.select("baseline_period", pl.lit("FLOW"))))
    of_definition = reference.definitions.rename(
        {"indicator": "_indicator", "freq_class": "_freq_class", "unit_measure": "_unit_measure"}
    )
    value, lower, upper = _HEADLINE[kind]
    return (
        frame.join(of_definition, on="definition", how="left", maintain_order="left")
        .join(
            reference.indicators.rename({"lower_limit": "_lower", "upper_limit": "_upper"}),
            on="indicator",
            how="left",
            maintain_order="left",
        )
        .with_columns(
            _value=pl.coalesce(value, lower).cast(pl.Float64) * 10.0 ** pl.col("unit_mult").cast(pl.Int32),
            _highest=pl.coalesce(upper, value).cast(pl.Float64) * 10.0 ** pl.col("unit_mult").cast(pl.Int32),
            _digits=pl.coalesce(upper, value).str.strip_prefix("-").str.split(".").list.first().str.len_chars()
            + pl.col("unit_mult").cast(pl.Int32),
        )
    )


def _period_reason(statements: pl.DataFrame, kind: str) -> pl.Series:
    """What is wrong with the period of each statement, null where nothing is."""
    columns_of = {"observation": ("time_period", "flow"), "event": ("time_period", None), "target": ("due_period", None)}
    text, flow = columns_of[kind]
    return _reason_of_periods(statements.select(pl.col(text), (pl.col(flow) if flow else pl.lit("FLOW")).alias("_flow")))


def _reason_of_periods(pairs: pl.DataFrame) -> pl.Series:
    """What is wrong with each pair of a printed period and its flow, null where nothing is; each pair is judged once."""

    def reason(text: str | None, flow: str) -> str | None:
        try:
            if text is not None:
                cell_period(text, flow)
        except PeriodError as error:
            return str(error)
        return None

    return _of_each(pairs, lambda text, flow: [reason(text, flow)], {"reason": pl.String})["reason"]


def _of_each(
    frame: pl.DataFrame, judge: Callable[..., Sequence[Any]], schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:
    """Columns of ``schema`` that ``judge`` gives for each row of ``frame``, in its order; each distinct row is judged once."""
    once = frame.unique(maintain_order=True)
    judged = pl.DataFrame([judge(*row) for row in once.rows()], schema=schema, orient="row")
    keys = frame.columns
    return frame.join(
        pl.concat([once, judged], how="horizontal"), on=keys, how="left", nulls_equal=True, maintain_order="left"
    ).select(judged.columns)


def _sense_rules(kind: str) -> list[_Rule]:
    """Rules that need what the codes stand for."""
    period = {"observation": "time_period", "event": "time_period", "target": "due_period"}[kind]
    rules = [
        _rule(
            period,
            f"{period} is a period of the grammar and goes with how the figure was printed",
            pl.col("_problem_of_period").is_null(),
            lambda row: f"{row['_problem_of_period']}; write YYYY, YYYY-Sn, YYYY-Qn, YYYY-MM, YYYY-MM-DD, a/b or undated",
        )
    ]
    if kind == "event":
        return [*rules, _rule(period, "an event has a date", pl.col(period) != UNDATED, "an event needs a date, however rough")]
    value, lower, upper = _HEADLINE[kind]
    if kind == "target":
        rules.append(
            _rule(
                "baseline_period",
                "baseline_period is a period of the grammar",
                pl.col("_problem_of_baseline").is_null(),
                lambda row: f"{row['_problem_of_baseline']}; write YYYY, YYYY-MM or another period of the grammar",
            )
        )
        rules.append(
            _rule(
                "direction",
                "a target goes up or down",
                pl.col("direction").is_in(["UP", "DOWN"]),
                "a target's direction is UP or DOWN",
            )
        )
    rules += [
        _rule(
            "definition",
            "the definition belongs to the indicator",
            pl.col("_indicator") == pl.col("indicator"),
            "this definition belongs to another indicator",
        ),
        _rule(
            "unit_measure",
            "the unit is the definition's",
            pl.col("_unit_measure") == pl.col("unit_measure"),
            "the definition is measured in another unit; figures in another unit need another definition",
        ),
        _rule(
            value,
            "the value is within the indicator's limits",
            ((pl.col("_lower").is_null()) | (pl.col("_value") >= pl.col("_lower")))
            & ((pl.col("_upper").is_null()) | (pl.col("_highest") <= pl.col("_upper"))),
            lambda row: (
                f"{row[value] or row[lower] + ' to ' + row[upper]} is outside the limits of {row['indicator']}, "
                f"{row['_lower'] if row['_lower'] is not None else '-inf'} to "
                f"{row['_upper'] if row['_upper'] is not None else 'inf'} (seed indicators)"
            ),
        ),
        _rule(
            value,
            f"at most {_MOST_INTEGER_DIGITS} digits before the point",
            pl.col("_digits") <= _MOST_INTEGER_DIGITS,
            "the number is larger than the warehouse can sum exactly",
        ),
        _rule(
            lower,
            "a range has two ends in order and no single value",
            (pl.col(lower).is_null() == pl.col(upper).is_null())
            & (pl.col(lower).is_null() | pl.col(value).is_null())
            & (pl.col(lower).is_null() | (pl.col(lower).cast(pl.Float64) <= pl.col(upper).cast(pl.Float64))),
            f"{lower} and {upper} are given together, in order, and leave {value} empty",
        ),
    ]
    if kind == "target":
        rules.append(
            _rule(
                "target_id",
                "a target has a value or a range",
                pl.col(value).is_not_null() | pl.col(lower).is_not_null(),
                "a target needs target_value, or target_lower and target_upper",
            )
        )
        return rules
    rules += [
        _rule(
            "flow",
            "flow goes with the definition's freq_class",
            (pl.col("flow") == "STOCK") == (pl.col("_freq_class") == "STOCK"),
            "the definition is a stock and the figure a flow, or the other way round",
        ),
        _rule(
            "obs_status",
            "no value without a status that says why, no such status beside a value",
            (pl.col(value).is_null() & pl.col(lower).is_null()) == pl.col("obs_status").is_in(STATUSES_WITHOUT_VALUE),
            f"an empty value needs one of the statuses {', '.join(STATUSES_WITHOUT_VALUE)}, and these need an empty value",
        ),
    ]
    return rules


def _quote_problems(statements: pl.DataFrame, kind: str) -> list[Problem]:
    """Quoted figures that are not what their quote states, in number or in bound."""
    if kind == "event":
        return []
    value, lower, _ = _HEADLINE[kind]
    quoted = statements.with_row_index("row", offset=1).filter(pl.col("quote").is_not_null())
    found = []
    for row in quoted.iter_rows(named=True):
        stated = quotes.numbers(row["quote"])
        for column in (value, lower, *((f"{value.split('_')[0]}_upper",) if row[lower] else ())):
            if row[column] is None:
                continue
            exact = Decimal(row[column]).scaleb(int(row["unit_mult"]))
            decimals = -int(Decimal(row[column]).as_tuple().exponent) - int(row["unit_mult"])
            same = [number for number in stated if quotes.agrees(number, exact, decimals)]
            said = ", ".join(f"{number.value.normalize():f} ({number.bound})" for number in stated) or "no number"
            if not same:
                found.append(
                    Problem("quote equals value", f"the quote states {said}, not this value", row["row"], column, row[column])
                )
            elif row["bound"] not in {number.bound for number in same}:
                found.append(
                    Problem("quote equals bound", f"the quote states {said}, not this bound", row["row"], "bound", row["bound"])
                )
    return found


def _doubled(statements: pl.DataFrame, kind: str) -> list[Problem]:
    """Statements made twice in one release, told apart by their comment at most; an id used twice."""
    column = "indicator" if kind == "observation" else f"{kind}_id"
    once = _once(statements, kind)
    rows = statements.with_row_index("row", offset=1)
    rows = rows.with_columns(first=pl.col("row").min().over(*(once[name] for name in once.columns)))
    return [
        Problem("no statement twice", f"repeats row {row['first']}", row["row"], column, row[column])
        for row in rows.filter(pl.col("row") != pl.col("first")).head(MOST_PROBLEMS).iter_rows(named=True)
    ]


# Ways of printing a cell, and what is said beside it: two statements that differ in nothing else are one.
_MANNER = ("time_period", "freq", "flow", "conf_status", "comment")


def _once(statements: pl.DataFrame, kind: str) -> pl.DataFrame:
    """What no two statements of a release share: an observation's cell and all that is said of it; an id."""
    if kind != "observation":
        return statements.select(f"{kind}_id")
    return pl.concat([statements.drop(_MANNER), _cell_days(statements.select("time_period", "flow"))], how="horizontal")


def records(statements: pl.DataFrame, dataset: DataSet, release: Release, reference: Reference) -> pl.DataFrame:
    """Records of a release whose statements have no problems; the two ids of observations are left for the warehouse.

    Columns and types as ``records.columns(kind)``, in that order, less ``observation_id`` and ``cell_id``.
    """
    kind = dataset.kind
    frame = statements.with_row_index("release_row", offset=1)
    frame = _with_periods(frame, kind)
    if kind != "event":
        value = _HEADLINE[kind][0]
        frame = (
            frame.join(reference.areas, on="ref_area", how="left", maintain_order="left")
            .join(reference.definitions.select("definition", "freq_class"), on="definition", how="left", maintain_order="left")
            .with_columns(decimals=pl.col(value).str.split(".").list.get(1, null_on_oob=True).str.len_chars().fill_null(0))
            .with_columns(decimals=pl.when(pl.col(value).is_not_null()).then("decimals"))
        )
    frame = _with_document(frame, reference, release).with_columns(
        dataset=pl.lit(dataset.name),
        release=pl.lit(release.name),
        recorded_at=pl.lit(release.recorded_at),
        sha256=pl.lit(release.sha256),
    )
    wanted = {name: dtype for name, dtype in columns(kind).items() if name not in ("observation_id", "cell_id")}
    return frame.select(pl.col(name).cast(dtype) for name, dtype in wanted.items())


def _with_periods(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    if kind == "target":
        return frame.with_columns(
            baseline_on=_ends(frame["baseline_period"]),
            due_on=_ends(frame["due_period"]),
        )
    flow = pl.col("flow") if kind == "observation" else pl.lit("FLOW")
    return pl.concat([frame, _cell_days(frame.select("time_period", flow.alias("_flow")))], how="horizontal")


def _cell_days(pairs: pl.DataFrame) -> pl.DataFrame:
    """``period_start`` and ``period_end`` of the cell that each pair of a printed period and its flow is about."""

    def days(text: str, flow: str) -> tuple[date | None, date | None]:
        period = cell_period(text, flow)
        return period.start, period.end

    return _of_each(pairs, days, {"period_start": pl.Date, "period_end": pl.Date})


def _ends(texts: pl.Series) -> pl.Series:
    return pl.Series([None if text is None else span(text).end for text in texts], dtype=pl.Date)


def _with_document(frame: pl.DataFrame, reference: Reference, release: Release) -> pl.DataFrame:
    """Publication dates of each statement's document; an unknown day counts from the last day it can have been.

    An address that is asked every night publishes anew under one title: its dates are those of the release.
    """
    last_day = (
        pl.when(pl.col("published_precision") == "MONTH")
        .then(pl.col("published_on").dt.month_end())
        .when(pl.col("published_precision") == "YEAR")
        .then(pl.date(pl.col("published_on").dt.year(), 12, 31))
        .otherwise(pl.col("published_on"))
    )
    documents = reference.documents
    if release.fetched is not None:
        documents = documents.with_columns(
            published_on=pl.lit(release.published_on, dtype=pl.Date),
            published_precision=pl.lit(release.published_precision),
            retrieved_on=pl.lit(release.retrieved_on, dtype=pl.Date),
        )
    return frame.join(documents, on="document", how="left", maintain_order="left").with_columns(
        published_not_after=pl.min_horizontal(last_day.fill_null(pl.col("retrieved_on")), "retrieved_on")
    )
