"""``marsad docs``: one file that describes what is published, whole, true and without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from dbt.task.docs import DOCS_INDEX_FILE_PATH

from tests.house import House
from tests.integration.conftest import Whole
from tests.integration.life import Life
from tests.integration.running import copied, edit_seed, marsad


@pytest.fixture(scope="module")
def page(whole: Whole) -> str:
    said = marsad(whole.settings.data, "docs")
    assert said.code == 0, said.err
    file = Path(said.out.strip())
    assert file == whole.settings.warehouse / "docs" / "index.html"
    assert [path.name for path in file.parent.iterdir()] == ["index.html"]
    return file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def told(page: str) -> dict[str, Any]:
    """Manifest and catalogue, as the page's script will read them: ``n = [o("manifest", ..., {...} ...), o("catalog", ...)]``."""
    decoder = json.JSONDecoder()
    found = {}
    for name, start in (("manifest", '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest'),
                        ("catalog", '{"metadata": {"dbt_schema_version"')):  # fmt: skip
        place = page.index(start) if name == "manifest" else page.rindex(start)
        found[name], _ = decoder.raw_decode(page, place)
    return found


def test_every_table_and_view_of_the_published_file_is_in_it(whole: Whole, told: dict[str, Any]) -> None:
    shown = {
        f"{each['metadata']['schema']}.{each['metadata']['name']}": each
        for group in ("nodes", "sources")
        for each in told["catalog"][group].values()
    }
    found = whole.connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where not internal "
        "union all select schema_name || '.' || view_name from duckdb_views() where not internal"
    ).fetchall()

    # Which file it is, is said by the file alone; dbt knows nothing of it.
    assert {name for (name,) in found} - shown.keys() == {"reference.publication"}
    for name, each in shown.items():
        [(rows,)] = whole.connection.execute(f"select count(*) from {name}").fetchall()
        assert each["stats"]["rows"]["value"] == rows, name
        types = whole.connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name || '.' || table_name = ? order by column_index",
            [name],
        ).fetchall()
        assert [(column["name"], column["type"]) for column in each["columns"].values()] == types, name


def test_every_column_in_it_is_described(told: dict[str, Any]) -> None:
    bare = []
    for group in ("nodes", "sources"):
        for unique_id, each in told["catalog"][group].items():
            described = told["manifest"][group][unique_id]
            assert described["description"]
            bare += [(unique_id, name) for name in each["columns"] if not described["columns"].get(name, {}).get("description")]
    assert bare == []


def test_it_names_itself_and_its_publication(whole: Whole, page: str, told: dict[str, Any]) -> None:
    assert "<title>Marsad: tables and columns</title>" in page
    overview = told["manifest"]["docs"]["doc.marsad.__overview__"]["block_contents"]
    assert whole.settings.current.resolve().name in overview
    assert "MANIFEST.JSON INLINE DATA" not in page
    assert "CATALOG.JSON INLINE DATA" not in page


def test_it_needs_no_network(page: str, told: dict[str, Any]) -> None:
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(?!data:)[a-z]+:[^>]*>", page) == []
    assert told["manifest"]["metadata"]["send_anonymous_usage_stats"] is False
    # Nothing in the figures' descriptions may end the script that carries them.
    assert page.count("</script") == Path(DOCS_INDEX_FILE_PATH).read_text("utf-8").count("</script")


def test_nothing_is_described_that_is_not_published(life: Life, tmp_path: Path, house: House) -> None:
    assert marsad(house.settings.data, "docs").code == 5
    other = copied(life.house, tmp_path / "other")
    edit_seed(other.settings.seeds / "units.csv", "JOBS", label_en="Posts")

    said = marsad(other.settings.data, "docs")

    assert (said.code, "run `marsad refresh` first" in said.error) == (6, True)
    assert not other.settings.schema_docs.exists()
