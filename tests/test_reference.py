"""The seeds as codes: kept as text, told apart by list, with the nearest ones for whoever mistypes."""

from __future__ import annotations

import pytest

from pipelines.reference import SeedUnreadable, nearest
from tests.house import House


def test_codes_keep_their_leading_zeros(house: House) -> None:
    assert {"MA", "01", "12", "01.511", "P:casablanca"} <= house.reference.codes("areas")
    assert "1" not in house.reference.codes("areas")


def test_an_unknown_list_and_a_missing_table_are_named(house: House) -> None:
    with pytest.raises(SeedUnreadable, match="no code list 'SEASON'"):
        house.reference.codes("SEASON")

    (house.settings.seeds / "units.csv").unlink()
    with pytest.raises(SeedUnreadable, match=r"units\.csv"):
        house.reference.codes("units")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (b"ROW,Rang\n", r"units\.csv, line 3: 2 fields, the header has 3: 'ROW,Rang'; an empty field needs its comma"),
        (b"ROW,Rang, place,Rank\n", r"units\.csv, line 3: 4 fields, the header has 3"),
        (b"ROW,Rang\xe9,Rank\n", r"units\.csv, after line \d: cannot be read as UTF-8 CSV"),
        (b'ROW,"Rang,Rank\n', r"units\.csv, after line 3: cannot be read as UTF-8 CSV: unexpected end of data"),
    ],
)
def test_a_row_that_does_not_fit_its_header_is_named_before_anything_is_written(house: House, broken: bytes, said: str) -> None:
    """polars fills a short row up with nothing; a label lost so would be shown as none."""
    (house.settings.seeds / "units.csv").write_bytes(b"unit,label_fr,label_en\nPERCENT,Pour cent,Percent\n" + broken)

    with pytest.raises(SeedUnreadable, match=said):
        house.begin()
    assert not house.settings.draft.exists()


def test_the_nearest_codes_are_the_likely_ones() -> None:
    known = frozenset({"COMPANIES", "COMPLAINTS", "PERCENT", "RANK"})

    assert nearest("COMPANY", known)[0] == "COMPANIES"
    assert nearest("XYZ", known) == []


@pytest.mark.parametrize(
    ("seed", "before", "after"),
    [
        (
            "definitions",
            "offshoring_export_revenue@oc_old,offshoring_export_revenue,FLOW",
            "offshoring_export_revenue@oc_old,offshoring_export_revenue,STOCK",
        ),
        ("documents", "le360-oc-2024,", "le360-oc-2024-b,"),
        ("code_lists", "BOUND,APPROX", "BOUND,ABOUT"),
    ],
)
def test_what_decides_how_a_statement_becomes_a_record_is_noticed(house: House, seed: str, before: str, after: str) -> None:
    said = house.reference.for_loading
    path = house.settings.seeds / f"{seed}.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")

    assert not house.reference.for_loading.equals(said)


def test_a_label_decides_nothing(house: House) -> None:
    said = house.reference.for_loading
    path = house.settings.seeds / "areas.csv"
    path.write_text(
        path.read_text(encoding="utf-8").replace("country,country,Maroc,", "country,country,Royaume du Maroc,"), encoding="utf-8"
    )

    assert house.reference.for_loading.equals(said)
