"""docs/notebook.py, run as marimo runs it, over the published file."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.integration.conftest import Whole
from tests.integration.running import at

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.py"


def test_the_notebook_runs_and_its_figures_are_those_of_the_file(whole: Whole) -> None:
    spec = importlib.util.spec_from_file_location("notebook", NOTEBOOK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    with at(whole.settings.data):
        outputs, found = module.app.run()

    assert found["publication"] == whole.settings.published.resolve().parent.name
    first = found["regions"].row(0, named=True)
    assert (first["region"], first["value"], first["per_1000"]) == ("Dakhla-Oued Ed-Dahab", 2331, 16.31)
    assert first["value"] * 1000 / first["population"] == pytest.approx(first["per_1000"], abs=0.005)
    assert found["index"].height == 12
    assert found["strategies"]["statements"].sum() > found["strategies"]["measurable"].sum() > 0
    assert found["contradictions"].height == whole.connection.sql("select count(*) from quality.contradictions").fetchall()[0][0]
    assert ("2022", 93272, 93550) in found["revisions"].select("period", "first", "last").rows()
    # The notebook's day is the one before the revision was printed.
    assert found["public"]["companies"].to_list() == [93272]
    assert sorted(found["statements"]["role"]) == ["POPULATION", "VALUE"]
    shown = "".join(each.text for each in outputs if each is not None)
    assert shown.count("Check:") == 7
