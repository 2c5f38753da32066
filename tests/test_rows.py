"""Rows as CSV and JSON: valid, exact, whole, and written while they come."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import IO, Any

import duckdb
import pytest

from pipelines import rows
from pipelines.errors import BadInput


def written(write: Callable[[duckdb.DuckDBPyConnection, IO[str]], None], sql: str) -> str:
    out = io.StringIO()
    with duckdb.connect() as connection:
        write(connection.execute(sql), out)
    return out.getvalue()


def no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is no JSON")


VALUES = """
select
    'nan'::double as nan, '-inf'::double as inf, [1.5, 'nan'::double] as list, {'a': 17.90::decimal(38, 12)} as struct,
    123456789012345678901234.500000000001::decimal(38, 12) as long, 40220000.000000000000::decimal(38, 12) as padded,
    100::decimal(5, 0) as whole, 170141183460469231731687303715884105727::hugeint as huge, 0.1::double as tenth,
    date '2022-03-31' as day, null as nothing, true as yes, 'Béni Mellal, "Khénifra"' as text, '' as empty, 'ab'::blob as bytes,
    map {'k': 1} as map
"""


def test_json_is_valid_and_keeps_every_digit() -> None:
    text = written(rows.write_json, VALUES)
    [row] = json.loads(text, parse_constant=no_constant, parse_float=str)

    assert (row["nan"], row["inf"], row["list"]) == ("NaN", "-Infinity", ["1.5", "NaN"])
    assert (row["long"], row["padded"], row["whole"]) == ("123456789012345678901234.500000000001", 40220000, 100)
    assert (row["struct"], row["huge"], row["tenth"]) == ({"a": "17.9"}, 170141183460469231731687303715884105727, "0.1")
    assert (row["day"], row["nothing"], row["yes"]) == ("2022-03-31", None, True)
    assert (row["text"], row["empty"], row["bytes"], row["map"]) == ('Béni Mellal, "Khénifra"', "", "6162", {"k": 1})


def test_csv_says_the_same() -> None:
    [row] = csv.DictReader(io.StringIO(written(rows.write_csv, VALUES)))

    assert (row["nan"], row["inf"], row["list"]) == ("nan", "-inf", '[1.5, "NaN"]')
    assert (row["long"], row["padded"], row["whole"]) == ("123456789012345678901234.500000000001", "40220000", "100")
    assert (row["day"], row["nothing"], row["yes"]) == ("2022-03-31", "", "true")
    assert row["text"] == 'Béni Mellal, "Khénifra"'


def test_duckdb_reads_the_csv_back(tmp_path: Any) -> None:
    file = tmp_path / "back.csv"
    sql = "select i, i / 7 as share, (i * 1.1)::decimal(38, 12) as amount, 'é;\"\n' || i as text from range(25000) as r(i)"
    file.write_text(written(rows.write_csv, sql), encoding="utf-8", newline="")

    with duckdb.connect() as connection:
        different = connection.execute(
            f"(from ({sql}) except select i, share, amount::decimal(38, 12), text from read_csv('{file}')) limit 1"
        ).fetchall()
        assert different == []
        assert connection.execute(f"select count(*) from read_csv('{file}')").fetchall() == [(25000,)]


def test_no_rows_are_an_empty_list_and_a_header() -> None:
    assert json.loads(written(rows.write_json, "select 1 as one where false")) == []
    assert written(rows.write_csv, "select 1 as one where false") == "one\n"


def test_two_columns_of_one_name_are_refused_as_json_and_kept_as_csv() -> None:
    with pytest.raises(BadInput, match="two columns are named 'a'"):
        written(rows.write_json, "select 1 as a, 2 as b, 3 as a")
    assert written(rows.write_csv, "select 1 as a, 2 as b, 3 as a") == "a,b,a\n1,2,3\n"


@pytest.mark.parametrize("write", [rows.write_csv, rows.write_json])
def test_rows_are_written_while_they_come(write: Callable[[duckdb.DuckDBPyConnection, IO[str]], None]) -> None:
    """A result that would never fit is written until the reader has enough."""

    class Enough(Exception):
        pass

    class Reader(io.StringIO):
        def write(self, text: str) -> int:
            if self.tell() > 1_000_000:
                raise Enough
            return super().write(text)

    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '200MB'")
        connection.execute("set max_temp_directory_size = '0MB'")
        result = connection.execute("select i, i::varchar || repeat('x', 1000) as text from range(10_000_000_000) as r(i)")
        with pytest.raises(Enough):
            write(result, Reader())
