"""Holds the ledger of corrections against the statements it corrects, before anything is computed with them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal, InvalidOperation

import dagster as dg
import duckdb
import polars as pl

from pipelines.checks.shown import markdown
from pipelines.checks.stages import StageCheck
from pipelines.reference import Reference
from pipelines.warehouse.tables import replaced

LEDGER = "corrections"
"""The seed: one row per declared correction."""

FIT = StageCheck(
    "corrections_fit", "Every declared correction finds its statement, printed as the correction expects it, and no other.", True
)

_CELL = ("definition", "ref_area", "urbanisation", "breakdown", "time_period")
_TABLE = {"obs_value": "observations", "target_value": "targets"}
_COLUMNS = [
    "correction", "kind", "dataset", "release", "document", "corrected_column", "target_id", *_CELL, "printed_value",
    "corrected_value", "reason", "source", "declared_on",
]  # fmt: skip
_OPTIONAL = ("release", "document", "target_id", *_CELL)

# Only what stands today must fit: a release of ours that was replaced may have been misread. A correction that names its
# release goes with it into the past.
_MEANT = """
select corrections.correction, statements.release, statements.release_row, statements.{column} as found
from corrections
left join (
    select said.*, replaced.release is not null as is_replaced
    from raw.{table} as said left join (select distinct dataset, release from ({replaced})) as replaced using (dataset, release)
) as statements
    on statements.dataset = corrections.dataset and coalesce(corrections.release, statements.release) = statements.release
    and (corrections.release is not null or not statements.is_replaced)
    and {same}
where corrections.corrected_column = '{column}'
"""
_SAME = {
    "obs_value": " and ".join(f"statements.{name} = corrections.{name}" for name in _CELL)
    + " and coalesce(corrections.document, statements.document) = statements.document",
    "target_value": "statements.target_id = corrections.target_id",
}


def corrections_fit(
    connection: duckdb.DuckDBPyConnection, reference: Reference, datasets: Collection[str], today: date
) -> dg.AssetCheckResult:
    """Hold every correction of the ledger against the raw tables; ``datasets`` are all there are, loaded or not.

    A correction of a data set that this draft has not loaded is left for the publication, which loads them all.
    Raises SeedUnreadable.
    """
    ledger = reference.table(LEDGER, *_COLUMNS)
    wrong = [problem for row in ledger.iter_rows(named=True) for problem in _malformed(row, reference, datasets, today)]
    if doubled := ledger.filter(pl.col("correction").is_duplicated())["correction"].unique().sort().to_list():
        wrong.append(f"{', '.join(doubled)}: stands more than once in the ledger")
    if not wrong:
        wrong = _misfits(connection, ledger)
    shown = {"wrong": "; ".join(wrong)} if wrong else {}
    frame = ledger.select("correction", "dataset", "printed_value", "corrected_value", "reason")
    listed = {"ledger": dg.MetadataValue.md(markdown(frame))} if not wrong and not ledger.is_empty() else {}
    return FIT.result(["raw", "releases"], not wrong, {"corrections": ledger.height, **shown, **listed})


def _malformed(row: dict[str, str | None], reference: Reference, datasets: Collection[str], today: date) -> list[str]:
    """What is wrong with a row of the ledger by itself, a sentence each."""
    name = row["correction"] or "a correction without a name"
    found = [f"{name}: {column} is empty" for column in _COLUMNS if column not in _OPTIONAL and not row[column]]
    if found:
        return found
    about = [column for column in _CELL if row[column]]
    column = row["corrected_column"]
    if column not in _TABLE:
        found.append(f"{name}: corrected_column is {column!r}, must be one of {', '.join(_TABLE)}")
    elif (column == "target_value") != bool(row["target_id"]) or len(about) != (0 if row["target_id"] else len(_CELL)):
        found.append(f"{name}: a target is named by target_id alone, an observation by {', '.join(_CELL)}, all of them")
    if row["kind"] not in reference.codes("CORRECTION_KIND"):
        found.append(f"{name}: kind {row['kind']!r} is not in code list CORRECTION_KIND")
    if row["dataset"] not in datasets:
        found.append(f"{name}: there is no data set {row['dataset']!r}")
    try:
        if not Decimal(str(row["corrected_value"])).is_finite() or row["corrected_value"] == row["printed_value"]:
            found.append(f"{name}: corrected_value {row['corrected_value']!r} corrects nothing")
    except InvalidOperation:
        found.append(f"{name}: corrected_value {row['corrected_value']!r} is no number in plain digits")
    try:
        if date.fromisoformat(str(row["declared_on"])) > today:
            found.append(f"{name}: declared_on {row['declared_on']} is in the future")
    except ValueError:
        found.append(f"{name}: declared_on {row['declared_on']!r} is no date (YYYY-MM-DD)")
    return found


def _misfits(connection: duckdb.DuckDBPyConnection, ledger: pl.DataFrame) -> list[str]:
    """Corrections that meet no statement, another number than they expect, or a statement that is corrected already."""
    loaded = {name for (name,) in connection.execute("select dataset from raw.datasets").fetchall()}
    wrong: list[str] = []
    corrected: dict[tuple[str, str, int], str] = {}
    connection.register("corrections", ledger.filter(pl.col("dataset").is_in(loaded)).to_arrow())
    try:
        met = [
            each
            for column, table in _TABLE.items()
            for each in connection.sql(
                _MEANT.format(column=column, table=table, replaced=replaced(), same=_SAME[column])
            ).fetchall()
        ]
    finally:
        connection.unregister("corrections")
    rows = {row["correction"]: row for row in ledger.iter_rows(named=True)}
    for name, release, release_row, printed in sorted(met, key=lambda each: (each[0], each[1] or "", each[2] or 0)):
        row = rows[name]
        about = row["target_id"] or ", ".join(str(row[column]) for column in _CELL)
        if release is None:
            where = f"{row['dataset']}{'/' + row['release'] if row['release'] else ''}"
            wrong.append(
                f"{name}: meets no statement: {about} does not stand in {where}; expected it printed {row['printed_value']}"
            )
            continue
        place = f"{row['dataset']}/{release}, row {release_row}"
        if printed != row["printed_value"]:
            wrong.append(
                f"{name}: {about} ({place}) is printed {printed}, expected {row['printed_value']}: "
                "amend the correction, name the release it is for, or take it out of the ledger"
            )
        if other := corrected.get((row["dataset"], release, release_row)):
            wrong.append(f"{name}: {about} ({place}) is corrected by {other} already")
        corrected[row["dataset"], release, release_row] = name
    return wrong
