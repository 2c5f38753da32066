"""The reference tables of ``data/seeds`` as a reader of releases needs them: which codes exist and what they stand for.

What does not belong here: labels and descriptions, which only dbt's seeds and marts show.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from pipelines.errors import BadInput


class SeedUnreadable(BadInput):
    """A reference table is missing or not the table its name says."""


@dataclass(frozen=True)
class Reference:
    """Seed tables by name, every column as text (codes keep their leading zeros)."""

    folder: Path

    def table(self, name: str, *wanted: str | pl.Expr) -> pl.DataFrame:
        """Seed ``name`` as text columns, or what is ``wanted`` of it; raises SeedUnreadable with the file's path."""
        path = self.folder / f"{name}.csv"
        try:
            table = pl.read_csv(path, infer_schema=False)
            return table.select(*wanted) if wanted else table
        except (OSError, pl.exceptions.PolarsError) as error:
            raise SeedUnreadable(f"{path}: cannot be read as a reference table: {str(error).splitlines()[0]}") from error

    def read_all(self) -> None:
        """Read everything that loading will; raises SeedUnreadable for what cannot be."""
        for _ in (self.for_loading, self.code_lists):
            pass

    def _be_rectangular(self) -> None:
        """Every row of every seed has the columns of its header; raises SeedUnreadable with file and line."""
        for path in sorted(self.folder.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                rows = csv.reader(file, strict=True)
                try:
                    header = next(rows, [])
                    for row in rows:
                        if row and len(row) != len(header):
                            raise SeedUnreadable(
                                f"{path}, line {rows.line_num}: {len(row)} fields, the header has {len(header)}: "
                                f"{','.join(row)[:120]!r}; "
                                "an empty field needs its comma, a comma within a field needs quotes"
                            )
                except (csv.Error, UnicodeDecodeError) as error:
                    raise SeedUnreadable(f"{path}, after line {rows.line_num}: cannot be read as UTF-8 CSV: {error}") from error

    @cached_property
    def areas(self) -> pl.DataFrame:
        """``ref_area``, ``geo_version``."""
        return self.table("areas", "ref_area", "geo_version")

    @cached_property
    def indicators(self) -> pl.DataFrame:
        """``indicator`` and the hard limits of its value, in units."""
        return self.table(
            "indicators",
            "indicator",
            pl.col("lower_limit").cast(pl.Float64),
            pl.col("upper_limit").cast(pl.Float64),
        )

    @cached_property
    def definitions(self) -> pl.DataFrame:
        """``definition`` with the ``indicator``, ``freq_class`` and ``unit_measure`` that its figures must have."""
        return self.table("definitions", "definition", "indicator", "freq_class", "unit_measure")

    @cached_property
    def documents(self) -> pl.DataFrame:
        """``document``, ``published_on``, ``published_precision``, ``retrieved_on`` (dates)."""
        return self.table(
            "documents",
            "document",
            pl.col("published_on").str.to_date(),
            "published_precision",
            pl.col("retrieved_on").str.to_date(),
        )

    @cached_property
    def code_lists(self) -> dict[str, frozenset[str]]:
        """Codes by list, from ``code_lists`` and from the tables that are lists themselves."""
        table = self.table("code_lists", "code_list", "code")
        lists = {str(name[0]): frozenset(rows["code"]) for name, rows in table.group_by("code_list")}
        for name, column in (
            ("areas", "ref_area"),
            ("indicators", "indicator"),
            ("definitions", "definition"),
            ("units", "unit_measure"),
            ("publishers", "publisher"),
            ("documents", "document"),
            ("strategies", "strategy"),
        ):
            lists[name] = frozenset(self.table(name, column)[column])
        return lists

    @cached_property
    def for_loading(self) -> pl.DataFrame:
        """Everything here that decides how a statement becomes a record: ``seed``, ``code``, ``said``, sorted.

        While a row stays as it is, records made with it stay right; new rows change no earlier record.
        """
        # Every run comes by here before it writes: polars fills a short row up, and dbt says nothing of the row.
        self._be_rectangular()
        keyed = {
            "areas": (self.areas, "ref_area"),
            "indicators": (self.indicators, "indicator"),
            "definitions": (self.definitions, "definition"),
            "documents": (self.documents, "document"),
        }
        parts = [
            table.select(
                seed=pl.lit(name),
                code=pl.col(key),
                said=pl.concat_str(pl.exclude(key).cast(pl.String).fill_null(""), separator="|"),
            )
            for name, (table, key) in keyed.items()
        ]
        lists = [(name, code, "") for name, codes in self.code_lists.items() if name not in keyed for code in codes]
        listed = pl.DataFrame(lists, schema={"seed": pl.String, "code": pl.String, "said": pl.String}, orient="row")
        return pl.concat([*parts, listed]).sort("seed", "code")

    def codes(self, name: str) -> frozenset[str]:
        """Codes of list ``name``; raises SeedUnreadable when there is no such list."""
        try:
            return self.code_lists[name]
        except KeyError:
            raise SeedUnreadable(f"{self.folder / 'code_lists.csv'}: there is no code list {name!r}") from None


def nearest(code: str, known: frozenset[str], count: int = 3) -> list[str]:
    """Known codes most like ``code``, for a message that helps; empty when nothing is near."""
    padded = [each for each in sorted(known) if each.lstrip("0") == code.lstrip("0")]
    if padded:
        return padded[:count]
    return difflib.get_close_matches(code, sorted(known), n=count, cutoff=0.6)
