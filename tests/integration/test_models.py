"""dbt's own unit tests, run on a draft as the pipeline leaves it: they are the suite's, not the night's."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.integration.life import Life
from tests.integration.running import CHECKOUT, at

UNIT_TESTS = CHECKOUT / "dbt_project" / "models" / "unit_tests"


def test_every_unit_test_of_the_models_passes(life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    settings = life.house.settings
    project = settings.dbt_target.parent / "project"
    monkeypatch.setenv("MARSAD_DRAFT", str(settings.draft))
    with at(settings.data):
        outcome = dbtRunner().invoke(
            [
                "--no-use-colors", "--log-level", "none", "--log-level-file", "none", "--log-path", str(tmp_path / "logs"),
                "--no-send-anonymous-usage-stats", "--no-version-check", "--no-write-json",
                "test", "--select", "test_type:unit", "--project-dir", str(project), "--profiles-dir", str(project),
                "--target-path", str(settings.dbt_target),
            ]
        )  # fmt: skip
    # dbt keeps the draft open, which the pipeline then could not open in its own way.
    DuckDBConnectionManager.close_all_connections()

    assert outcome.exception is None
    results = {each.node.name: (str(each.status), each.message) for each in outcome.result.results}
    assert {name: said for name, said in results.items() if said[0] != "pass"} == {}
    written = [
        test["name"] for path in UNIT_TESTS.glob("*.yml") for test in yaml.safe_load(path.read_text("utf-8"))["unit_tests"]
    ]
    assert sorted(results) == sorted(written)


def test_dbt_leaves_nothing_in_the_checkout(life: Life) -> None:
    assert life.steps["full"].said.json["publication"]
    assert [
        path.name for path in (CHECKOUT / "dbt_project").iterdir() if path.name in ("target", "logs", "dbt_packages", ".user.yml")
    ] == []
