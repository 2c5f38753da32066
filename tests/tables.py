"""Tables as ministries publish them, made for one test: a barometer of OMPIC with real figures, in each file form."""

from __future__ import annotations

import copy
import io
from collections.abc import Sequence
from typing import Any

import openpyxl
import yaml

# Companies created, January to March 2022 (OMPIC, cumulated since January): three regions of the twelve.
REGIONS = {"Tanger-Tétouan-Al Hoceima": "01", "Oriental": "02", "Guelmim-Oued Noun": "10"}
HEADER = ["Région", "Période", "Entreprises créées", "Remarques"]
ROWS = [
    ["Tanger-Tétouan-Al Hoceima", "mars 2022", "3 388", ""],
    ["Oriental", "mars 2022", "1 298", "chiffre arrêté fin mars"],
    ["Guelmim-Oued Noun", "mars 2022", "280", ""],
]
OPTIONS: dict[str, Any] = yaml.safe_load("""
file: {form: csv, encoding: utf-8, delimiter: ";", header_row: 1}
numbers: {decimal: ",", thousands: " "}
missing: {"ND": O, "NM": L}
status_marks: {"(p)": P}
constants:
  publisher: ompic
  document: lopinion-ompic-2022-03
  urbanisation: _T
  breakdown: _T
  freq: M
  flow: CUM_YTD
  bound: EQ
  obs_status: A
  conf_status: F
columns:
  - header: Région
    gives: ref_area
    codes: {Tanger-Tétouan-Al Hoceima: "01", Oriental: "02", Guelmim-Oued Noun: "10"}
    leave_out: [Total]
  - header: Période
    gives: time_period
    periods: month_name
    since_january: true
  - header: Entreprises créées
    value: {indicator: company_creations, definition: company_creations@ompic, unit_measure: COMPANIES, unit_mult: 0}
  - header: Remarques
    ignored: true
""")


def options(**changed: Any) -> dict[str, Any]:
    """The options above; ``file`` and other tables take the keys given, None takes a key out."""
    said = copy.deepcopy(OPTIONS)
    for key, value in changed.items():
        if isinstance(value, dict) and key in said:
            said[key] = {name: each for name, each in {**said[key], **value}.items() if each is not None}
        elif value is None:
            del said[key]
        else:
            said[key] = value
    return said


def column(header: str, /, **changed: Any) -> list[dict[str, Any]]:
    """The columns above, that of ``header`` changed; None takes a key out."""
    return [
        {name: value for name, value in {**each, **changed}.items() if value is not None} if each["header"] == header else each
        for each in copy.deepcopy(OPTIONS["columns"])
    ]


XLSX: dict[str, Any] = {"form": "xlsx", "sheet": "Données", "header_row": 3, "encoding": None, "delimiter": None}


def csv_text(rows: Sequence[Sequence[str]] = ROWS, header: Sequence[str] = HEADER, delimiter: str = ";") -> str:
    """The table as a text file."""
    return "".join(delimiter.join(row) + "\r\n" for row in [header, *rows])


def workbook(rows: Sequence[Sequence[Any]] = ROWS, header: Sequence[Any] = HEADER) -> openpyxl.Workbook:
    """The table as the sheet Données of a workbook, under a title and a blank row, after a sheet of notes."""
    book = openpyxl.Workbook()
    notes = book.active
    assert notes is not None
    notes.title = "Lisez-moi"
    notes["A1"] = "Baromètre de la création d'entreprises"
    sheet = book.create_sheet("Données")
    sheet["A1"] = "OMPIC: créations d'entreprises"
    sheet.merge_cells("A1:D1")
    for number, row in enumerate([header, *rows], start=3):
        for index, value in enumerate(row, start=1):
            sheet.cell(number, index, value if value != "" else None)
    return book


def saved(book: openpyxl.Workbook) -> bytes:
    """The bytes of a workbook."""
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
