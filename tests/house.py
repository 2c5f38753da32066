"""A small house for one test: a data folder of its own with the real seeds and the data sets that the test brings in."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.datasets import DATASET_FILE, DataSet, read_data_set, read_sidecar, seal, write_sidecar
from pipelines.records import STATEMENT_COLUMNS
from pipelines.reference import Reference
from pipelines.settings import Settings
from pipelines.sources import reader
from pipelines.warehouse import draft, loading

DATA = Path(__file__).parents[1] / "data"
FIXTURES = Path(__file__).parent / "fixtures"
RETRIEVED = date(2026, 11, 22)
RECORDED = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
LOADER = "the code of this test"

# Two real statements, whole and without a problem: an observation and a target that a test changes as it needs.
OBSERVATION = {
    "indicator": "company_creations", "definition": "company_creations@ompic", "ref_area": "01", "urbanisation": "_T",
    "breakdown": "_T", "time_period": "2022-01/2022-03", "freq": "M", "flow": "CUM_YTD", "obs_value": "3388",
    "unit_measure": "COMPANIES", "unit_mult": "0", "bound": "EQ", "obs_status": "A", "conf_status": "F", "publisher": "ompic",
    "document": "lopinion-ompic-2022-03",
}  # fmt: skip
TARGET = {
    "target_id": "mn2013.digital_jobs_total.2013", "strategy": "MN2013", "indicator": "digital_jobs_total",
    "definition": "digital_jobs_total@mn2013", "ref_area": "MA", "urbanisation": "_T", "breakdown": "_T",
    "statement_type": "LEVEL", "direction": "UP", "baseline_value": "32000", "baseline_period": "2008", "baseline_bound": "EQ",
    "target_value": "58000", "unit_measure": "JOBS", "unit_mult": "0", "bound": "EQ", "due_period": "2013",
    "target_status": "adopted", "publisher": "government", "document": "lematin-mn2013-2013-06-07",
}  # fmt: skip


def figures(kind: str, rows: Iterable[Mapping[str, str | None]]) -> bytes:
    """A file of the figures format with these statements."""
    text = io.StringIO()
    writer = csv.DictWriter(text, STATEMENT_COLUMNS[kind], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@dataclass(frozen=True)
class House:
    """A data folder and the warehouse made from it."""

    settings: Settings

    @property
    def reference(self) -> Reference:
        """The seeds as they are now: a test may edit them, and most do not."""
        seeds = sorted(self.settings.seeds.glob("*.csv"))
        return _reference(self.settings.seeds, tuple((path.name, path.stat().st_mtime_ns, path.stat().st_size) for path in seeds))

    def bring(self, name: str, *, releases: bool = True) -> DataSet:
        """Copy the real data set ``name`` in, with its sealed releases or without any."""
        source, folder = DATA / "raw" / name, self.settings.raw / name
        folder.mkdir(parents=True)
        for path in source.iterdir():
            if releases or path.name == DATASET_FILE:
                shutil.copy2(path, folder)
        return self.data_set(name)

    def data_set(self, name: str) -> DataSet:
        """The data set ``name`` as its dataset.yml says it now."""
        return read_data_set(self.settings.raw / name / DATASET_FILE)

    def write(self, data_set: DataSet, name: str, content: bytes, *, sealed: bool = True, **said: Any) -> Path:
        """Write a release with its sidecar; ``said`` changes what the sidecar says."""
        path = data_set.folder / name
        path.write_bytes(content)
        sidecar = {
            "document": None,
            "published_on": None,
            "published_precision": "UNKNOWN",
            "retrieved_on": RETRIEVED,
            "note": None,
        }
        write_sidecar(path, sidecar | said)
        if sealed:
            seal(data_set, path, RECORDED)
        return path

    def load(self, *data_sets: DataSet, loader: str = LOADER) -> dict[str, loading.Loaded]:
        """A whole run without publication: begin the draft, load these data sets, leave the draft clean."""
        self.begin(loader)
        with draft.connect(self.settings) as connection:
            loaded = {each.name: loading.load(connection, each, reader(each.reader), self.reference) for each in data_sets}
        draft.finish(self.settings)
        return loaded

    def begin(self, loader: str = LOADER, *, full: bool = False) -> draft.Beginning:
        """Begin a run and leave its draft dirty."""
        return draft.begin(self.settings, "a test", loader, self.reference, full)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """What the draft answers."""
        with duckdb.connect(self.settings.draft, read_only=True) as connection:
            return connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str) -> None:
        """Change the draft behind the pipeline's back."""
        with duckdb.connect(self.settings.draft) as connection:
            connection.execute(sql)


@dataclass(frozen=True)
class Real:
    """All the real data, loaded once by the library, to be read only."""

    settings: Settings
    reference: Reference
    loaded: dict[str, loading.Loaded]
    connection: duckdb.DuckDBPyConnection


@cache
def _reference(folder: Path, seen: tuple[tuple[str, int, int], ...]) -> Reference:
    return Reference(folder)


def move(house: House, root: Path) -> House:
    """A copy of a whole house with its warehouse: what takes time to make is made once and copied."""
    shutil.copytree(house.settings.data, root / "data", symlinks=True)
    return _at(root)


def build(root: Path) -> House:
    """An empty house under ``root`` with a copy of the real seeds."""
    (root / "data" / "raw").mkdir(parents=True)
    shutil.copytree(DATA / "seeds", root / "data" / "seeds")
    return _at(root)


def _at(root: Path) -> House:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MARSAD_DATA", str(root / "data"))
        return House(Settings.from_environment())


def unseal(path: Path) -> None:
    """Take the seal off a release, as a person does who replaces a refused file."""
    said = read_sidecar(path)
    write_sidecar(path, {key: value for key, value in said.items() if key not in ("sha256", "recorded_at")})
