"""The same inputs have the same fingerprint, anything else another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import fingerprint
from pipelines.settings import Settings
from tests.house import House


@pytest.fixture
def settings(house: House, tmp_path: Path) -> Settings:
    """A house with one data set, and a checkout with a dbt project and a lock of its own."""
    house.bring("ecosystem/startups")
    checkout = tmp_path / "checkout"
    (checkout / "dbt_project" / "models").mkdir(parents=True)
    (checkout / "dbt_project" / "models" / "a.sql").write_text("select 1")
    (checkout / "dbt_project" / "dbt_project.yml").write_text("name: marsad")
    (checkout / "requirements.lock").write_text("duckdb==2.0.0")
    return replace(house.settings, checkout=checkout)


def now(settings: Settings) -> tuple[str, str, str]:
    named = fingerprint.inputs(settings)
    return fingerprint.of(named), fingerprint.loader(named), fingerprint.models(named)


def test_the_same_inputs_have_the_same_fingerprint(settings: Settings) -> None:
    assert now(settings) == now(settings)
    assert len(set(now(settings))) == 3


@pytest.mark.parametrize(
    ("place", "loader_too", "models_too"),
    [
        ("data/raw/ecosystem/startups/undated__press-figures-read-2026-11-22.csv", False, False),
        ("data/raw/ecosystem/startups/undated__press-figures-read-2026-11-22.csv.yml", False, False),
        ("data/raw/ecosystem/startups/dataset.yml", False, False),
        ("data/raw/ecosystem/startups/undated__new.csv", False, False),
        ("data/seeds/units.csv", False, True),
        ("checkout/dbt_project/models/a.sql", False, True),
        ("checkout/dbt_project/models/new.sql", False, True),
        ("checkout/dbt_project/dbt_project.yml", False, True),
        ("checkout/requirements.lock", True, False),
    ],
)
def test_every_input_counts_where_it_should(
    settings: Settings, tmp_path: Path, place: str, loader_too: bool, models_too: bool
) -> None:
    everything, loader, models = now(settings)
    with (tmp_path / place).open("a") as file:
        file.write("\n")

    after = now(settings)

    assert after[0] != everything
    assert (after[1] != loader, after[2] != models) == (loader_too, models_too)


def test_a_renamed_or_removed_release_counts(settings: Settings) -> None:
    seen = {now(settings)[0]}
    path = settings.raw / "ecosystem" / "startups" / "undated__press-figures-read-2026-11-22.csv"
    path = path.rename(path.with_name("undated__other.csv"))
    seen.add(now(settings)[0])
    path.unlink()
    seen.add(now(settings)[0])

    assert len(seen) == 3


def test_what_tools_leave_behind_does_not_count(settings: Settings) -> None:
    before = now(settings)
    for place in (settings.raw / ".DS_Store", settings.seeds / "notes.txt", settings.dbt_project / "target" / "run" / "a.sql"):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("x")

    assert now(settings) == before


@pytest.mark.parametrize(
    ("module", "counts"),
    [
        ("statements.py", True), ("quotes.py", True), ("periods.py", True), ("records.py", True), ("datasets.py", True),
        ("sources/figures.py", True), ("sources/census.py", True), ("warehouse/loading.py", True), ("warehouse/tables.py", True),
        ("cli.py", False), ("definitions.py", False), ("warehouse/publication.py", False),
    ],
)  # fmt: skip
def test_code_that_makes_records_counts_for_the_draft(settings: Settings, module: str, counts: bool) -> None:
    named = fingerprint.inputs(settings)
    changed = named | {f"code/{module}": "0" * 64}

    assert f"code/{module}" in named
    assert (fingerprint.loader(changed) != fingerprint.loader(named)) is counts
    assert fingerprint.of(changed) != fingerprint.of(named)


def test_the_name_of_an_input_is_the_same_on_every_machine(settings: Settings, tmp_path: Path) -> None:
    assert not [name for name in fingerprint.inputs(settings) if str(tmp_path) in name or name.startswith("/")]
