"""The UN's export as it was seen: all countries, names with a blank at their end, no ISO code; read as the data set declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.sources import ReleaseUnreadable
from pipelines.sources.table import read
from tests.house import House

HEADER = (
    "Survey Year,Country Name,E-Government Rank,E-Government Index,E-Participation Index,Online Service Index,"
    "Human Capital Index,Telecommunication Infrastructure Index"
)


def test_moroccos_rows_of_a_table_of_all_countries(house: House, tmp_path: Path) -> None:
    data_set = house.bring("e_service/un_egovkb")
    path = tmp_path / "export.csv"
    path.write_text(
        f"{HEADER}\n2018,Mauritius ,66,0.6678,0.6910,0.7292,0.7308,0.5435\n2018,Morocco ,110,0.5214,0.7753,0.6667,0.5278,0.3697\n"
    )

    rows = read(path, data_set.kind, data_set.options).select("indicator", "ref_area", "time_period", "obs_value").rows()

    assert rows == [
        ("egdi_score", "MA", "2018", "0.5214"), ("UN.EPI", "MA", "2018", "0.7753"), ("UN.OSI", "MA", "2018", "0.6667"),
        ("UN.HCI", "MA", "2018", "0.5278"), ("UN.TII", "MA", "2018", "0.3697"), ("egdi_rank", "MA", "2018", "110"),
    ]  # fmt: skip


def test_a_table_without_morocco_is_refused(house: House, tmp_path: Path) -> None:
    data_set = house.bring("e_service/un_egovkb")
    path = tmp_path / "export.csv"
    path.write_text(f"{HEADER}\n2018,Kingdom of Morocco,110,0.5214,0.7753,0.6667,0.5278,0.3697\n")

    with pytest.raises(ReleaseUnreadable, match="no rows"):
        read(path, data_set.kind, data_set.options)
