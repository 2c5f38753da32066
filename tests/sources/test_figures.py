"""The figures format: the text of the file, cell by cell, and nothing that is not the format."""

from __future__ import annotations

import csv
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReaderUnknown, ReleaseUnreadable, figures, reader
from tests.house import OBSERVATION
from tests.house import figures as written


@pytest.mark.parametrize("kind", STATEMENT_COLUMNS)
def test_cells_stay_the_text_of_the_file_and_empty_means_null(tmp_path: Path, kind: str) -> None:
    columns = STATEMENT_COLUMNS[kind]
    path = tmp_path / "a.csv"
    path.write_bytes(written(kind, [{columns[0]: "007", columns[-1]: 'a, "b"\nand c'}, {columns[1]: "55.0"}]))

    statements = figures.read(path, kind, {})

    assert statements.columns == list(columns)
    assert set(statements.dtypes) == {pl.String}
    assert statements.height == 2
    assert (statements.row(0)[0], statements.row(0)[-1]) == ("007", 'a, "b"\nand c')
    assert statements.row(1)[1] == "55.0"
    assert statements.null_count().sum_horizontal().item() == 2 * len(columns) - 3


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\x00")), min_size=21, max_size=21),
        min_size=1,
        max_size=4,
    )
)
def test_any_text_comes_back_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([STATEMENT_COLUMNS["observation"], *rows])

    assert figures.read(path, "observation", {}).rows() == [tuple(cell or None for cell in row) for row in rows]


def test_windows_line_ends_are_read_the_same(tmp_path: Path) -> None:
    unix, windows = tmp_path / "unix.csv", tmp_path / "windows.csv"
    unix.write_bytes(written("observation", [OBSERVATION]))
    windows.write_bytes(unix.read_bytes().replace(b"\n", b"\r\n"))

    assert figures.read(unix, "observation", {}).equals(figures.read(windows, "observation", {}))


def test_a_file_that_would_fill_the_memory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(written("observation", [OBSERVATION]))
    monkeypatch.setattr(figures, "MAX_BYTES", path.stat().st_size - 1)

    with pytest.raises(ReleaseUnreadable, match="bytes"):
        figures.read(path, "observation", {})


def test_options_are_not_silently_ignored(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(written("observation", [OBSERVATION]))

    with pytest.raises(ReleaseUnreadable, match="separator"):
        figures.read(path, "observation", {"separator": ";"})


def test_readers_are_found_by_name() -> None:
    assert reader("figures") is figures.read
    with pytest.raises(ReaderUnknown, match="'figurs'"):
        reader("figurs")


def _variants() -> list[bytes]:
    """The smallest file and what a hand, an editor or a cut line makes of it: pieces put in at every place."""
    header = ",".join(STATEMENT_COLUMNS["event"])
    row = ",".join("NA" if number % 3 else "" for number in range(len(STATEMENT_COLUMNS["event"])))
    good = f"{header}\n{row}\n{row}\n"
    places = [0, 3, len(header), len(header) + 1, len(header) + 3, len(header) + len(row) + 1, len(good) - 2, len(good)]
    pieces = ["", ",", "\n", "\n\n", "\r", "\r\n", '"', '""', '"a,b"', "\0", " ", "é", "\u2028", "\ufeff", "x" * 140_000]
    texts = [good[:place] + piece + good[place:] for place in places for piece in pieces]
    texts += [good[:-1], f"{header}\n", header, f"{header}\n{row[:-1]}\n{row},\n", ""]
    return [*(text.encode() for text in texts), good.encode().replace(b"NA", b"\xe9", 1), good.encode("utf-16")]


def test_a_file_read_at_once_is_the_same_as_one_read_row_by_row() -> None:
    columns = STATEMENT_COLUMNS["event"]
    at_once = 0
    for data in _variants():
        try:
            expected: pl.DataFrame | None = figures._row_by_row(data, columns)
        except ReleaseUnreadable:
            expected = None
        found = figures._plain(data, columns)
        if found is not None:
            at_once += 1
            assert expected is not None, data[:300]
            assert_frame_equal(found, expected)
    assert at_once > 20
