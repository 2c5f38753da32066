"""The walls of the house, read from the import statements, and what keeps its SQL readable; what crosses one names the line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "pipelines"
MODULES = sorted(PACKAGE.rglob("*.py"))
DBT = Path(__file__).parents[1] / "dbt_project"
MACRO = re.compile(r"{%-? macro (\w+)\(.*?\) -?%}\s*({#-)?", re.DOTALL)
LONGEST_MODEL = 120


def imported(path: Path, *, lazily: bool = True) -> Iterator[tuple[int, str]]:
    """Line and full name of every import; ``lazily`` counts those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if lazily else tree.body:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def crossing(rooms: tuple[str, ...], *walls: str) -> list[str]:
    """``file:line imports name`` for every import of a walled-off package from these rooms."""
    paths = [path for path in MODULES if path.relative_to(PACKAGE).as_posix().startswith(rooms)]
    assert paths
    return [
        f"{path.relative_to(PACKAGE)}:{line} imports {name}"
        for path in paths
        for line, name in imported(path)
        if any(name == wall or name.startswith((f"{wall}.", f"{wall}_")) for wall in walls)
    ]


PURE = ("errors.py", "periods.py", "quotes.py", "records.py", "reference.py", "datasets.py", "statements.py", "sources/")


def test_what_reads_and_judges_releases_knows_neither_dagster_nor_duckdb() -> None:
    assert crossing(PURE, "dagster", "duckdb", "dbt", "pipelines.warehouse", "pipelines.assets", "pipelines.checks") == []


def test_the_warehouse_does_not_know_dagster() -> None:
    assert crossing(("warehouse/",), "dagster", "dbt", "pipelines.assets", "pipelines.checks", "pipelines.definitions") == []


def test_nothing_imports_the_command_line() -> None:
    assert crossing(("",), "pipelines.cli") == []


def test_readers_do_not_know_each_other() -> None:
    readers = [path.stem for path in (PACKAGE / "sources").glob("*.py") if path.stem != "__init__"]

    assert crossing(("sources/",), *(f"pipelines.sources.{name}" for name in readers)) == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_room_says_its_job_in_its_first_line(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert docstring
    assert docstring.splitlines()[0].endswith(".") or "\n\n" in docstring
    assert path.stem not in ("utils", "util", "helpers", "common", "misc")


def test_no_model_is_longer_than_an_analyst_reads_at_once() -> None:
    lengths = {path.name: path.read_text(encoding="utf-8").count("\n") for path in (DBT / "models").rglob("*.sql")}

    assert lengths
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODEL} == {}


def test_every_macro_says_what_it_is() -> None:
    """In its first line, or in that of one of its engines' versions."""
    said: dict[str, bool] = {}
    for path in (DBT / "macros").glob("*.sql"):
        for name, comment in MACRO.findall(path.read_text(encoding="utf-8")):
            plain = name.removeprefix("default__").removeprefix("spark__")
            said[plain] = said.get(plain, False) or bool(comment)

    assert len(said) > 50
    assert [name for name, is_said in said.items() if not is_said] == []
