"""A house of synthetic releases, beside all the real ones: made by arithmetic alone, so that every run makes the same bytes.

A data set is an office that publishes five indicators by month for every commune (arrondissements where a commune has them),
with the sums of regions and country: one release each half-year for ten years, which restates a tenth of the half-year
before. Half of what is restated is revised, the rest repeated. One indicator is a share, one leaves some cells empty with
a status; references, documents and seals are as in production.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from pipelines.datasets import DataSet, checksum, write_sidecar
from pipelines.records import STATEMENT_COLUMNS

HALF_YEARS = 20
_FIRST_YEAR = 2005
_INDICATORS = 5
_PUBLISHER = "bench_office"
_UNIT, _SHARE_UNIT = "JOBS", "PERCENT"
_DATASET = """\
title: {{en: "Synthetic office {n}", fr: "Bureau synthétique {n}", ar: "مكتب اصطناعي {n}"}}
description: Synthetic figures of the benchmark.
publisher: bench_office
address: null
licence: none
reader: figures
kind: observation
expected_every: P6M
max_age_days: 10000
contact: the benchmark
"""


@dataclass(frozen=True)
class House:
    """What was made: ``observations`` in ``releases`` of ``offices`` data sets, the last half-year being ``half_years - 1``."""

    data: Path
    offices: int
    half_years: int
    releases: int
    observations: int


def make(data: Path, observations: float) -> House:
    """Write about ``observations`` synthetic statements into the house at ``data``, which has the real seeds and releases."""
    areas = _areas(data)
    office = sum(rows.height for rows in _half_years(areas, 0, HALF_YEARS))
    offices = max(1, round(observations / office))
    half_years = min(HALF_YEARS, max(2, round(HALF_YEARS * observations / office)))
    _write_seeds(data, offices, half_years)
    count = 0
    for number in range(offices):
        folder = data / "raw" / "context" / f"bench_{number:03d}"
        folder.mkdir(parents=True)
        (folder / "dataset.yml").write_text(_DATASET.format(n=number), encoding="utf-8")
        for half_year, rows in enumerate(_half_years(areas, number, half_years)):
            _file(folder, rows, number, half_year)
            count += rows.height
    return House(data, offices, half_years, offices * half_years, count)


def is_synthetic(dataset: DataSet) -> bool:
    """Whether the data set was made here."""
    return dataset.publisher == _PUBLISHER


def add_release(house: House, rows: int, nth: int) -> int:
    """One more release of the first office: ``rows`` statements of the next half-year, ``nth`` telling several apart."""
    half_year = house.half_years
    statements = _whole(_areas(house.data), 0, half_year, half_year).slice(nth * rows, rows)
    folder = house.data / "raw" / "context" / "bench_000"
    _file(folder, statements, 0, half_year, nth + 1)
    return statements.height


def _areas(data: Path) -> pl.DataFrame:
    """The areas that figures are made for, with their region; leaves, which add up to their regions."""
    return (
        pl.read_csv(data / "seeds" / "areas.csv", infer_schema=False)
        .filter(in_commune_sums="true")
        .select("ref_area", "region")
        .with_row_index("place")
    )


def _half_years(areas: pl.DataFrame, office: int, half_years: int) -> Iterator[pl.DataFrame]:
    """Statements of each release of an office: a whole half-year, and what is restated of the one before."""
    for half_year in range(half_years):
        now = _whole(areas, office, half_year, half_year)
        if half_year == 0:
            yield now
            continue
        before = _whole(areas, office, half_year - 1, half_year)
        # Sums are restated whole: they hold the sum of what is restated now.
        restated = before.filter(pl.col("restated") | pl.col("ref_area").str.len_chars().le(2))
        yield pl.concat([now, restated])


def _whole(areas: pl.DataFrame, office: int, half_year: int, said_in: int) -> pl.DataFrame:
    """Every cell of a half-year as the release of half-year ``said_in`` has it."""
    year, first_month = _FIRST_YEAR + half_year // 2, 1 + 6 * (half_year % 2)
    months = pl.DataFrame({"month": range(first_month, first_month + 6)})
    indicators = pl.DataFrame({"serial": range(_INDICATORS)})
    # Multiplied by primes and cut off by one: spread out, and the same on every machine.
    mixed = pl.col("place") * 7919 + pl.col("serial") * 104729 + pl.col("month") * 15485863 + (office * 20 + half_year) * 32452843
    cells = (
        areas.join(indicators, how="cross")
        .join(months, how="cross")
        .with_columns(pl.col("place", "serial", "month").cast(pl.Int64))
        .with_columns(mixed=mixed % 99991)
        .with_columns(restated=pl.col("mixed") % 10 == 3)
        .with_columns(
            value=pl.when(pl.col("serial") == 4)
            .then(pl.col("mixed") % 101)
            .otherwise(pl.col("mixed") % 4001 + pl.when(pl.col("mixed") % 20 == 3).then(said_in - half_year).otherwise(0)),
            missing=(pl.col("serial") == 3) & (pl.col("mixed") % 200 == 7),
        )
    )
    sums = cells.filter(pl.col("serial") < 3)
    by_region = sums.group_by(ref_area="region", serial="serial", month="month").agg(pl.col("value").sum())
    country = sums.group_by("serial", "month").agg(pl.col("value").sum()).with_columns(ref_area=pl.lit("MA"))
    totals = [
        frame.select("ref_area", "serial", "month", "value", missing=pl.lit(False), restated=pl.lit(False))
        for frame in (by_region, country)
    ]
    every = pl.concat([cells.select("ref_area", "serial", "month", "value", "missing", "restated"), *totals])
    return every.sort("serial", "month", "ref_area").select(
        "restated",
        "ref_area",
        indicator=pl.format("bench_{}_{}", pl.lit(office), "serial"),
        definition=pl.format("bench_{}_{}@bench", pl.lit(office), "serial"),
        urbanisation=pl.lit("_T"),
        breakdown=pl.lit("_T"),
        time_period=pl.format("{}-{}", pl.lit(year), pl.col("month").cast(pl.String).str.zfill(2)),
        freq=pl.lit("M"),
        flow=pl.when(pl.col("serial") == 4).then(pl.lit("STOCK")).otherwise(pl.lit("FLOW")),
        obs_value=pl.when(~pl.col("missing")).then(pl.col("value").cast(pl.String)),
        unit_measure=pl.when(pl.col("serial") == 4).then(pl.lit(_SHARE_UNIT)).otherwise(pl.lit(_UNIT)),
        unit_mult=pl.lit("0"),
        bound=pl.lit("EQ"),
        obs_status=pl.when(pl.col("missing")).then(pl.lit("M")).otherwise(pl.lit("A")),
        conf_status=pl.lit("F"),
        publisher=pl.lit(_PUBLISHER),
        document=pl.format("bench-{}-{}", pl.lit(office), pl.lit(said_in)),
    )


def _file(folder: Path, statements: pl.DataFrame, office: int, half_year: int, part: int = 0) -> None:
    """A sealed release. Sealed here as ``datasets.seal`` does, which would read every earlier sidecar for each."""
    published, retrieved = _days(half_year)
    path = folder / f"{published.isoformat()}__bench-{office}-{half_year}{f'-{part}' if part else ''}.csv"
    missing = [pl.lit(None, pl.String).alias(name) for name in STATEMENT_COLUMNS["observation"] if name not in statements.columns]
    statements.with_columns(missing).select(STATEMENT_COLUMNS["observation"]).write_csv(path)
    said = {
        "document": f"bench-{office}-{half_year}",
        "published_on": published,
        "published_precision": "DAY",
        "retrieved_on": retrieved,
        "note": None,
        "sha256": checksum(path),
        "recorded_at": datetime(retrieved.year, retrieved.month, retrieved.day, 12, 0, part, tzinfo=UTC),
    }
    write_sidecar(path, said)


def _days(half_year: int) -> tuple[date, date]:
    """When the release of a half-year is published and retrieved: a month and more after its end."""
    year, later = divmod(half_year, 2)
    published = date(_FIRST_YEAR + year + later, 2 if later else 8, 10)
    return published, published + timedelta(days=1)


def _write_seeds(data: Path, offices: int, half_years: int) -> None:
    indicators, definitions, documents = [], [], []
    for office in range(offices):
        for serial in range(_INDICATORS):
            code = f"bench_{office}_{serial}"
            share = serial == 4
            labels = [f"Indicateur {code}", f"مؤشر {code}", f"Indicator {code}"]
            aggregation = "NONE" if share else "SUM"
            upper = "100" if share else ""
            indicators.append(
                [code, "context", *labels, "Synthetic.", "UP", aggregation, "", str(serial < 2).lower(), "0", upper]
            )
            freq_class, unit = ("STOCK", _SHARE_UNIT) if share else ("FLOW", _UNIT)
            definitions.append(
                [f"{code}@bench", code, freq_class, unit, *labels, "Synthetic", "None", "Whole country", "", "", ""]
            )
        # One half-year more than is filed: what a night adds has its document already.
        for half_year in range(half_years + 1):
            published, retrieved = _days(half_year)
            slug = f"bench-{office}-{half_year}"
            documents.append([slug, _PUBLISHER, _PUBLISHER, slug, "", published, "DAY", retrieved, "none", "en", ""])
    for name, rows in (
        ("indicators", indicators),
        ("definitions", definitions),
        ("documents", documents),
        ("publishers", [[_PUBLISHER, "Bureau", "مكتب", "Office", "producer", "1", ""]]),
    ):
        with (data / "seeds" / f"{name}.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
