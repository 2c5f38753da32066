"""The published file as analysts' own programs meet it: older DuckDB clients, and people who may not write.

The older clients are downloaded by ``make older-clients``, once; without them their tests are skipped and say so.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.house import FIXTURES
from tests.integration.conftest import Whole
from tests.integration.running import CHECKOUT, environment

VERSIONS = (CHECKOUT / "tests" / "integration" / "older_clients.txt").read_text("utf-8").split()
CLIENTS = CHECKOUT / ".older-clients"

# Run by the older client and by the project's own: what both see must be one.
LOOK = """
import hashlib, json, sys
import duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("set enable_progress_bar = false")
ask = lambda sql: connection.execute(sql).fetchall()
relations = ask(
    "select schema_name, table_name from duckdb_tables() where not internal union all "
    "select schema_name, view_name from duckdb_views() where not internal order by all"
)
macros = ask("select schema_name, function_name from duckdb_functions() where not internal order by all")
seen = {"relations": {}}
for schema, name in relations:
    columns = [column for (column,) in ask(
        f"select column_name from duckdb_columns() where schema_name = '{schema}' and table_name = '{name}' order by column_index")]
    # Every cell of every column is read; a sum over hashes of texts is the same in any order and any version.
    cells = " || '|' || ".join(f"coalesce({column}::varchar, '')" for column in columns)
    seen["relations"][f"{schema}.{name}"] = [columns, str(ask(
        f"select count(*), sum(('0x' || left(md5({cells}), 12))::bigint) from {schema}.{name}")[0])]
seen["macros"] = {
    f"{schema}.{name}({given})": hashlib.md5(repr(ask(f"select * from {schema}.{name}({given}) order by all")).encode()).hexdigest()
    for schema, name in macros
    for given in ([f"'{sys.argv[2]}'"] if name == "sources_asked" else ["date '2024-01-01'", "date '2100-01-01'"])
}
seen["comments"] = [list(row) for row in ask(
    "select schema_name, table_name, column_name, comment from duckdb_columns() where not internal order by all")]
print(json.dumps([duckdb.__version__, seen]))
"""


def look(file: Path, client: Path | None) -> list[Any]:
    told = environment(file.parent) | ({"PYTHONPATH": str(client)} if client else {})
    done = subprocess.run(
        [sys.executable, "-c", LOOK, str(file), str(FIXTURES / "fetches.jsonl")],
        env=told,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def today(whole: Whole) -> dict[str, Any]:
    version, seen = look(whole.settings.published, None)
    assert version == duckdb.__version__
    assert len(seen["relations"]) > 40
    assert len(seen["macros"]) >= 9
    found: dict[str, Any] = seen
    return found


@pytest.mark.long
@pytest.mark.parametrize(
    "version",
    [
        pytest.param(
            version,
            # Said here and not in the test: looking with our own client takes as long, and is for nothing without another one.
            marks=pytest.mark.skipif(
                not (CLIENTS / version).is_dir(), reason=f"DuckDB {version} is not here; `make older-clients` downloads it"
            ),
        )
        for version in VERSIONS
    ],
)
def test_an_older_client_sees_what_ours_sees(whole: Whole, today: dict[str, Any], version: str) -> None:
    """Every cell of every table and view, every table macro, every comment."""
    found, seen = look(whole.settings.published, CLIENTS / version)

    assert found == version
    assert seen["relations"].keys() == today["relations"].keys()
    for name, relation in seen["relations"].items():
        assert relation == today["relations"][name], name
    assert seen["macros"] == today["macros"]
    assert seen["comments"] == today["comments"]


# As another user; the file's owner is held by the file's mode too, unless it is root.
OPEN_TO_WRITE = """
import os, sys
import duckdb
# What is imported late, is imported now: Python itself may lie where the other user may not look.
duckdb.connect().execute("select 1").fetchall()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    duckdb.connect(sys.argv[1])
except duckdb.Error as error:
    print("open:", error)
for attempt in (lambda: open(sys.argv[1], "r+b"), lambda: os.unlink(sys.argv[1]), lambda: os.mkdir(os.path.dirname(sys.argv[1]) + "/x")):
    try:
        attempt()
    except OSError as error:
        print(error.strerror)
print(duckdb.connect(sys.argv[1], read_only=True).execute("select count(*) from marts.strategy_scorecard").fetchall())
"""


def test_nobody_opens_the_published_file_to_write(whole: Whole) -> None:
    """An analyst who forgets ``read_only`` is told so at once, and can lock nobody out."""
    file = whole.settings.published.resolve()
    if os.geteuid() == 0:
        # pytest keeps its folders to their owner; for the time of this test anybody may pass, as in a warehouse of several people.
        for folder in file.parents:
            if folder.stat().st_mode & 0o777 == 0o700 and folder.is_relative_to(tempfile.gettempdir()):
                folder.chmod(0o711)

    done = subprocess.run(
        [sys.executable, "-c", OPEN_TO_WRITE, str(file)],
        env=environment(whole.settings.data),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    first, *others, last = done.stdout.splitlines()
    assert first.startswith("open: ") and "Permission denied" in first and str(file) in first
    assert others == ["Permission denied"] * 3
    assert last == str(whole.connection.execute("select count(*) from marts.strategy_scorecard").fetchall())
    assert [path.name for path in file.parent.iterdir() if path.suffix == ".wal"] == []
