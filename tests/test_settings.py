"""Paths follow the environment, and the environment is read when asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.settings import Settings


def test_without_variables_everything_is_inside_the_checkout() -> None:
    settings = Settings.from_environment()

    assert settings.checkout == Path(__file__).parents[1]
    assert settings.raw == settings.checkout / "data" / "raw"
    assert settings.draft == settings.checkout / "data" / "warehouse" / "draft" / "marsad.duckdb"
    assert settings.published == settings.checkout / "data" / "warehouse" / "current" / "marsad.duckdb"


def test_each_variable_moves_its_own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARSAD_DATA", str(tmp_path / "data"))
    assert Settings.from_environment().draft.is_relative_to(tmp_path / "data" / "warehouse")

    monkeypatch.setenv("MARSAD_WAREHOUSE", str(tmp_path / "elsewhere"))
    moved = Settings.from_environment()
    assert moved.seeds == tmp_path / "data" / "seeds"
    assert {moved.draft.parents[1], moved.lock.parent, moved.publications.parent, moved.current.parent} == {
        tmp_path / "elsewhere"
    }
