"""Tables of publishers in every way they can be wrong: one clear refusal each, nothing loaded, memory bounded.

Each file is the good table of ``tests.tables`` with one thing broken; the plain figures format is in test_bad_releases.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from pipelines.reference import Reference
from pipelines.sources import ReleaseUnreadable, table
from pipelines.sources.formats.workbook import check_archive
from pipelines.statements import Problem, problems
from tests.house import DATA, build
from tests.tables import HEADER, ROWS, XLSX, csv_text, options, saved, workbook

MARCH = "mars 2022"
PARQUET: dict[str, Any] = {"form": "parquet", "encoding": None, "delimiter": None, "header_row": None}
FORMS: dict[str, dict[str, Any]] = {"csv": {}, "xlsx": XLSX, "parquet": PARQUET}

# -- what breaks a file ------------------------------------------------------------------------------------------------------


def row(value: Any = "5", *, label: Any = "Oriental", period: Any = MARCH, remark: Any = "") -> list[Any]:
    return [label, period, value, remark]


def csv(*rows: list[Any]) -> bytes:
    return csv_text([*ROWS[:1], *rows]).encode()


def xlsx(*rows: list[Any], header: list[Any] = HEADER) -> bytes:
    return saved(workbook([*ROWS[:1], *rows], header))


def changed(change: Callable[[Any], object]) -> bytes:
    """The good workbook after ``change`` of its sheet of data."""
    book = workbook()
    change(book["Données"])
    return saved(book)


def setting(**cells: Any) -> bytes:
    return changed(lambda sheet: [sheet.__setitem__(at, value) for at, value in cells.items()])


def formatted(value: float, number_format: str) -> bytes:
    def change(sheet: Any) -> None:
        sheet["C4"] = value
        sheet["C4"].number_format = number_format

    return changed(change)


SHEET = "xl/worksheets/sheet2.xml"


def edited(replace: Mapping[str, Callable[[bytes], bytes | None]] | None = None, add: Mapping[str, bytes] | None = None) -> bytes:
    """The good workbook with members rewritten (None: left out) or added, byte by byte."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(workbook()))) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = (replace or {}).get(member.filename, bytes)(old.read(member))
            if content is not None:
                new.writestr(member.filename, content)
        for name, content in (add or {}).items():
            new.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


def in_sheet(old: str, new: str) -> bytes:
    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return edited({SHEET: change})


FIRST_VALUE = '<c r="C4" t="inlineStr"><is><t>3 388</t></is></c>'


def raw_cell(inner: str) -> bytes:
    """The first value as raw XML of a cell."""
    return in_sheet(FIRST_VALUE, f'<c r="C4"{inner}</c>')


def with_flag(content: bytes) -> bytes:
    """Every member marked as encrypted, in its header and in the directory."""
    marked = bytearray(content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = marked.find(signature)
        while at >= 0:
            marked[at + offset] |= 1
            at = marked.find(signature, at + 4)
    return bytes(marked)


def damaged(content: bytes) -> bytes:
    """One bit of the sheet's packed bytes turned."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        at = archive.getinfo(SHEET).header_offset + 60 + len(SHEET)
    return content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :]


def twice(content: bytes) -> bytes:
    out = io.BytesIO(content)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr(SHEET, "<worksheet/>")
    return out.getvalue()


def parquet(**columns: Any) -> bytes:
    """The good table as Parquet with columns replaced (None: left out)."""
    frame = pl.DataFrame(ROWS, schema=HEADER, orient="row")
    for name, values in columns.items():
        header = {"label": "Région", "period": "Période", "value": "Entreprises créées", "remark": "Remarques"}.get(name, name)
        frame = frame.drop(header) if values is None else frame.with_columns(pl.Series(header, values))
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


# -- what is said of it ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bad:
    """A broken file; the rule it breaks, where, and what the message must say; ``declared`` changes the options."""

    content: Callable[[], bytes]
    rule: str
    says: str
    row: int | None = None
    column: str | None = None
    value: str | None = None
    declared: dict[str, Any] = field(default_factory=dict)


VALUE, PERIOD, REGION = "Entreprises créées", "Période", "Région"
BOOK = "an .xlsx workbook"
COLUMNS = "exactly the declared columns"
NUMBERS = "numbers as declared"
NO_NUMBER = "numbers where numbers are declared"


def number(content: Callable[[], bytes], value: str, says: str = "decimal and thousands marks") -> Bad:
    return Bad(content, NUMBERS, says, 2, VALUE, value)


def unpacked(name: str) -> Bad:
    return Bad(lambda: edited(add={name: b"x"}), "names that stay inside the workbook", repr(name))


CSV = {
    "empty": Bad(lambda: b"", "a file with a table", "the file is empty"),
    "blank_lines_only": Bad(lambda: b"\r\n\r\n\r\n", "a header row", "row 1 is empty"),
    "header_only": Bad(lambda: csv_text([]).encode(), "at least one statement", "no rows"),
    "header_one_line_lower": Bad(lambda: b"OMPIC;;;\r\n" + csv(), COLUMNS, "gone: 'R\u00e9gion'"),
    "windows_1252": Bad(lambda: csv_text().encode("cp1252"), "utf-8", "line 1: byte 1 of the file is not utf-8"),
    "byte_order_mark": Bad(lambda: b"\xef\xbb\xbf" + csv(), "utf-8", "declare utf-8-bom"),
    "no_byte_order_mark": Bad(csv, "utf-8-bom", "byte-order mark", declared={"file": {"encoding": "utf-8-bom"}}),
    "utf_8_declared_windows_1252": Bad(csv, "windows-1252", "garbled", declared={"file": {"encoding": "windows-1252"}}),
    "byte_of_no_windows_1252": Bad(
        lambda: csv_text().encode("cp1252") + b"\x81", "windows-1252", "line 5", declared={"file": {"encoding": "windows-1252"}}
    ),
    "utf_16": Bad(lambda: csv_text().encode("utf-16"), "utf-8", "not utf-8"),
    "commas": Bad(lambda: csv_text(delimiter=",").encode(), COLUMNS, "new: 'R\u00e9gion,P\u00e9riode"),
    "web_page": Bad(lambda: b"<!DOCTYPE html>\n<html><body>Maintenance</body></html>\n", COLUMNS, "new: '<!DOCTYPE html>'"),
    "row_too_short": Bad(lambda: csv(["Oriental", MARCH]), "one field per column", "line 3 has 2 fields, the header 4", 2),
    "row_cut_off": Bad(lambda: csv(row())[:-11], "one field per column", "line 3 has 2 fields, the header 4", 2),
    "row_too_long": Bad(lambda: csv([*row(), "7"]), "one field per column", "line 3 has 5 fields, the header 4", 2),
    "comma_of_thousands_unquoted": Bad(
        lambda: csv_text([row("1,298")], delimiter=",").encode(), "one field per column", "line 2 has 5 fields", 1,
        declared={"file": {"delimiter": ","}, "missing": {"": "O"}, "numbers": {"decimal": ".", "thousands": ","}},
    ),
    "blank_line_in_between": Bad(lambda: csv([], row()), "no blank row in the table", "another table", 2),
    "quotation_mark_not_closed": Bad(lambda: csv(['"Oriental', MARCH, "5", ""]), "CSV", "line 3"),
    "text_after_quotation": Bad(lambda: csv(['"Oriental"s', MARCH, "5", ""]), "CSV", "line 3"),
    "nul_byte": Bad(lambda: csv(row("1\x00298")), "no control characters", "line 3, field 3 holds the control character", value="1\x00298"),
    "escape_character": Bad(lambda: csv(row(remark="\x1b[31m")), "no control characters", "line 3, field 4", value="\x1b[31m"),
    "two_kinds_of_line_ends": Bad(lambda: csv() + csv_text([row()])[41:].encode() + b"Oriental;avril 2022;5;\n", "one kind of line end", "ends with '\\n'"),
    "header_doubled": Bad(lambda: csv_text([], [*HEADER, REGION]).encode(), COLUMNS, "twice: 'R\u00e9gion'"),
    "column_gone": Bad(lambda: csv_text([], HEADER[:3]).encode(), COLUMNS, "gone: 'Remarques'"),
    "column_new": Bad(lambda: csv_text([], [*HEADER, "Provisoire"]).encode(), COLUMNS, "new: 'Provisoire'"),
    "header_blank_over_values": Bad(
        lambda: csv_text([["Oriental", "x", MARCH, "5", ""]], [REGION, "", *HEADER[1:]]).encode(), "a header over every value", "line 2, field 2"
    ),
    "header_again": Bad(lambda: csv(HEADER), "declared labels only", "line 3, field 1", 2, REGION, REGION),
    "row_doubled": Bad(lambda: csv(row(), row()), "one value for a cell", "line 4, field 3 states the same cell as line 3, field 3", 3),
    "row_contradicted": Bad(lambda: csv(row("5"), row("6")), "one value for a cell", "line 4, field 3", 3),
    "label_unknown": Bad(lambda: csv(row(label="Souss-Massa")), "declared labels only", "line 3, field 1", 2, REGION, "Souss-Massa"),
    "label_in_capitals": Bad(lambda: csv(row(label="ORIENTAL")), "declared labels only", "line 3, field 1", 2, REGION, "ORIENTAL"),
    "label_blank": Bad(lambda: csv(row(label="")), "declared labels only", "line 3, field 1", 2, REGION, ""),
    "end_not_there": Bad(csv, "the declared end of the table", "no row starts with 'Source'", declared={"file": {"ends_before": "Source"}}),
    "value_blank": Bad(lambda: csv(row("")), "no blank without a meaning", "line 3, field 3 is blank", 2, VALUE),
    "value_of_unknown_missing_code": number(lambda: csv(row("n.d.")), "n.d."),
    "value_with_point": number(lambda: csv(row("1.298")), "1.298"),
    "value_with_two_commas": number(lambda: csv(row("1,298,5")), "1,298,5"),
    "value_with_unit": number(lambda: csv(row("5 entreprises")), "5 entreprises"),
    "value_in_percent": number(lambda: csv(row("54,7 %")), "54,7 %"),
    "value_1e999": number(lambda: csv(row("1e999")), "1e999"),
    "value_inf": number(lambda: csv(row("inf")), "inf"),
    "value_nan": number(lambda: csv(row("NaN")), "NaN"),
    "value_in_arabic_digits": number(lambda: csv(row("٣٣٨٨")), "٣٣٨٨"),
    "value_a_code": number(lambda: csv(row("007")), "007", "starts with a zero"),
    "value_a_formula": number(lambda: csv(row("=SUM(C2:C9)")), "=SUM(C2:C9)"),
    "value_in_groups_of_two": number(lambda: csv(row("12 98")), "12 98"),
    "value_of_400_digits": Bad(
        lambda: csv(row("9" * 400)), "at most 26 digits before the point", "read at line 3, field 3", 2, "obs_value", "9" * 200
    ),
    "value_negative": Bad(lambda: csv(row("-5")), "the value is within the indicator's limits", "read at line 3", 2, "obs_value", "-5"),
    "period_in_another_form": Bad(lambda: csv(row(period="T1-2022")), "periods as declared", "line 3, field 2", 2, PERIOD, "T1-2022"),
    "period_of_no_month": Bad(lambda: csv(row(period="marz 2022")), "periods as declared", "line 3, field 2", 2, PERIOD, "marz 2022"),
    "period_of_two_digits": Bad(lambda: csv(row(period="mars 22")), "periods as declared", "line 3, field 2", 2, PERIOD, "mars 22"),
    "period_blank": Bad(lambda: csv(row(period="")), "periods as declared", "is nothing", 2, PERIOD),
    "period_of_another_century": Bad(lambda: csv(row(period="mars 2222")), "periods as declared", "line 3", 2, PERIOD, "mars 2222"),
    "text_of_20000_characters": Bad(lambda: csv(row(remark="x" * 20_000)), "texts of at most 10000 characters", "line 3, field 4"),
    "field_beyond_csvs_limit": Bad(lambda: csv(row(remark="x" * 200_000)), "CSV", "field larger than field limit"),
    "3000_columns": Bad(lambda: b";" * 3_000, "at most 2000 columns", "3001 columns"),
}  # fmt: skip
WORKBOOKS = {
    "empty": Bad(lambda: b"", "a file with a table", "the file is empty"),
    "web_page": Bad(lambda: b"\n<html><table><tr><td>1</td></tr></table></html>", BOOK, "web page"),
    "csv_by_another_name": Bad(csv, BOOK, "no whole .xlsx workbook"),
    "old_xls": Bad(lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2_000), BOOK, "old .xls form"),
    "encrypted": Bad(
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), BOOK, "without a password"
    ),
    "member_encrypted": Bad(lambda: with_flag(xlsx()), "no encryption", "is encrypted"),
    "truncated": Bad(lambda: xlsx()[:-200], BOOK, "no whole .xlsx workbook"),
    "cut_in_half": Bad(lambda: xlsx()[:2_000], BOOK, "no whole .xlsx workbook"),
    "bit_turned": Bad(lambda: damaged(xlsx()), BOOK, "no whole .xlsx workbook"),
    "another_archive": Bad(lambda: edited({"xl/workbook.xml": lambda _: None}), BOOK, "no workbook"),
    "sheet_missing_in_archive": Bad(lambda: edited({SHEET: lambda _: None}), "the declared sheet", "there is no sheet 'Données'"),
    "name_above": unpacked("../../../etc/cron.d/marsad"),
    "name_above_in_the_middle": unpacked("xl/../../seeds/areas.csv"),
    "name_absolute": unpacked("/etc/passwd"),
    "name_of_a_drive": unpacked("C:/marsad.csv"),
    "name_with_backslash": unpacked("..\\marsad.csv"),
    "two_files_of_one_name": Bad(lambda: twice(xlsx()), "one file of a name in a workbook", "two files"),
    "2000_files": Bad(lambda: edited(add={f"xl/media/{n}.png": b"" for n in range(2_000)}), "at most 1000 files in a workbook", "files"),
    "zip_bomb": Bad(
        lambda: edited({SHEET: lambda content: content + b" " * 20_000_000}), "at most 100000000 bytes unpacked and 200 times the packed size",
        "unpacks to more than",
    ),
    "entities": Bad(
        lambda: edited({SHEET: lambda content: b'<!DOCTYPE w [<!ENTITY a "5"><!ENTITY b "&a;&a;&a;&a;">]>' + content}), BOOK, "EntitiesForbidden"
    ),
    "outside_entity": Bad(
        lambda: edited({"xl/styles.xml": lambda content: b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + content}),
        BOOK, "EntitiesForbidden",
    ),
    "broken_xml": Bad(lambda: edited({SHEET: lambda content: content[:-30]}), BOOK, "cannot be read"),
    "string_that_is_not_there": Bad(lambda: raw_cell(' t="s"><v>999</v>'), BOOK, "cannot be read"),
    "letters_in_a_number_cell": Bad(lambda: raw_cell("><v>12a</v>"), BOOK, "cannot be read"),
    "number_of_5000_digits": Bad(lambda: raw_cell(f"><v>{'9' * 5_000}</v>"), BOOK, "cannot be read"),
    "number_of_400_digits": Bad(lambda: raw_cell(f"><v>{'9' * 400}</v>"), "whole numbers of at most 15 digits", "Données!C4"),
    "number_1e999": Bad(lambda: raw_cell("><v>1e999</v>"), "finite numbers", "Données!C4 holds inf", value="inf"),
    "number_1e300": Bad(lambda: raw_cell("><v>1e300</v>"), "whole numbers of at most 15 digits", "Données!C4"),
    "no_such_sheet": Bad(xlsx, "the declared sheet", "the workbook has 'Lisez-moi', 'Données'", declared={"file": XLSX | {"sheet": "Feuil1"}}),
    "sheet_hidden": Bad(lambda: changed(lambda sheet: setattr(sheet, "sheet_state", "hidden")), "nothing hidden", "'Données' is hidden"),
    "sheet_very_hidden": Bad(lambda: changed(lambda sheet: setattr(sheet, "sheet_state", "veryHidden")), "nothing hidden", "is hidden"),
    "row_hidden": Bad(lambda: changed(lambda sheet: setattr(sheet.row_dimensions[5], "hidden", True)), "nothing hidden", "row 5"),
    "column_hidden": Bad(lambda: changed(lambda sheet: setattr(sheet.column_dimensions["B"], "hidden", True)), "nothing hidden", "column B"),
    "cells_merged": Bad(lambda: changed(lambda sheet: sheet.merge_cells("B4:B6")), "no merged cells in the table", "Données!B4:B6"),
    "header_merged": Bad(lambda: changed(lambda sheet: sheet.merge_cells("A2:A3")), "no merged cells in the table", "Données!A2:A3"),
    "formula_never_computed": Bad(lambda: xlsx(row("=2+3")), NO_NUMBER, "Données!C5 is a formula whose result was never stored", 2, VALUE),
    "label_by_formula_never_computed": Bad(lambda: xlsx(row(label="=A4")), "declared labels only", "Données!A5", 2, REGION, ""),
    "reference_error": Bad(lambda: raw_cell(' t="e"><v>#REF!</v>'), NO_NUMBER, "Données!C4 is an error of a formula", 1, VALUE, "#REF!"),
    "division_error": Bad(lambda: raw_cell(' t="e"><f>1/0</f><v>#DIV/0!</v>'), NO_NUMBER, "Données!C4", 1, VALUE, "#DIV/0!"),
    "date_for_a_number": Bad(lambda: setting(C4=date(2022, 3, 1)), NO_NUMBER, "Données!C4 is a date", 1, VALUE, "2022-03-01"),
    "time_for_a_number": Bad(lambda: setting(C4=time(3, 20)), NO_NUMBER, "is a time of day", 1, VALUE, "03:20:00"),
    "moment_for_a_period": Bad(
        lambda: setting(B4=datetime(2022, 3, 1, 12)), "periods as declared", "is a time of day", 1, PERIOD, "2022-03-01 12:00:00"
    ),
    "date_out_of_range": Bad(
        lambda: changed(lambda sheet: (sheet.__setitem__("C4", 9e9), setattr(sheet["C4"], "number_format", "dd/mm/yyyy"))),
        NO_NUMBER, "is an error", 1, VALUE, "#VALUE!",
    ),
    "truth_for_a_number": Bad(lambda: setting(C4=True), NO_NUMBER, "is TRUE or FALSE", 1, VALUE, "TRUE"),
    "date_for_a_label": Bad(lambda: setting(A4=date(2022, 3, 1)), "declared labels only", "Données!A4", 1, REGION, "2022-03-01"),
    "date_for_a_header": Bad(lambda: setting(C3=date(2022, 3, 1)), "headers are texts", "Données!C3 is a date"),
    "number_as_text_in_english": Bad(lambda: setting(C4="1,298.5"), NUMBERS, "Données!C4", 1, VALUE, "1,298.5"),
    "percent_format": Bad(lambda: formatted(0.547, "0.0%"), "one number in a cell", "stored as 0.547 and shown as 54.7", 1, VALUE, "0.547"),
    "thousands_format": Bad(lambda: formatted(3388, "#,##0,"), "one number in a cell", "stored as 3388 and shown as 3.388", 1, VALUE, "3388"),
    "header_elsewhere": Bad(xlsx, "a header row", "row 2 is empty", declared={"file": XLSX | {"header_row": 2}}),
    "header_doubled": Bad(lambda: xlsx(header=[*HEADER[:3], REGION]), COLUMNS, "gone: 'Remarques'; twice: 'R\u00e9gion'"),
    "value_beside_the_table": Bad(lambda: setting(H5=7), "one field per column", "Données!H5 holds '7'", 2),
    "second_table_below": Bad(lambda: setting(A9="Oriental", C9=1), "no blank row in the table", "row 7 is blank", 4),
    "cell_far_away": Bad(lambda: in_sheet("</sheetData>", '<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'), "at most 1000000 cells", "1048576 rows"),
    "cell_far_right": Bad(lambda: in_sheet('<c r="D5"', '<c r="XFD4"><v>1</v></c><c r="D5"'), "at most 2000 columns", "columns"),
}  # fmt: skip
PARQUETS = {
    "empty": Bad(lambda: b"", "a file with a table", "the file is empty"),
    "csv_by_another_name": Bad(csv, "Parquet", "no whole Parquet file"),
    "truncated": Bad(lambda: parquet()[:-40], "Parquet", "no whole Parquet file"),
    "footer_corrupt": Bad(lambda: parquet()[:-60] + b"\xff" * 40 + parquet()[-20:], "Parquet", "no whole Parquet file"),
    "footer_length_a_lie": Bad(lambda: parquet()[:-8] + b"\xff\xff\xff\x7fPAR1", "Parquet", "no whole Parquet file"),
    "pages_corrupt": Bad(lambda: b"PAR1" + b"\xff" * 150 + parquet()[154:], "Parquet", "no whole Parquet file"),
    "no_rows": Bad(lambda: parquet_of(pl.DataFrame(schema=dict.fromkeys(HEADER, pl.String))), "at least one statement", "no rows"),
    "column_gone": Bad(lambda: parquet(remark=None), COLUMNS, "gone: 'Remarques'"),
    "column_new": Bad(lambda: parquet(Provisoire=["a"] * 3), COLUMNS, "new: 'Provisoire'"),
    "truths": Bad(lambda: parquet(value=[True] * 3), "known column types", "type bool", column=VALUE),
    "lists": Bad(lambda: parquet(value=[[1]] * 3), "known column types", "type large_list", column=VALUE),
    "moments": Bad(lambda: parquet(period=[datetime(2022, 3, 1)] * 3), "known column types", "type timestamp", column=PERIOD),
    "bytes": Bad(lambda: parquet(label=[b"Oriental"] * 3), "known column types", "binary", column=REGION),
    "not_a_number": Bad(lambda: parquet(value=[1.0, float("nan"), 2.0]), "finite numbers", "row 2 of column", value="nan"),
    "infinite": Bad(lambda: parquet(value=[1.0, float("inf"), 2.0]), "finite numbers", "row 2 of column", value="inf"),
    "float_too_large": Bad(lambda: parquet(value=[1e300] * 3), "whole numbers of at most 15 digits", "row 1 of column"),
    "dates_for_numbers": Bad(lambda: parquet(value=[date(2022, 3, 1)] * 3), NO_NUMBER, "is a date", 1, VALUE, "2022-03-01"),
    "numbers_for_periods": Bad(lambda: parquet(period=[2022] * 3), "periods as declared", "row 1", 1, PERIOD, "2022"),
    "label_null": Bad(lambda: parquet(label=["Oriental", None, "Guelmim-Oued Noun"]), "declared labels only", "row 2", 2, REGION, ""),
    "rows_doubled": Bad(lambda: parquet(label=["Oriental"] * 3), "one value for a cell", "row 2", 2),
}  # fmt: skip
TABLES = {
    f"{form}/{name}": bad
    for form, bads in (("csv", CSV), ("xlsx", WORKBOOKS), ("parquet", PARQUETS))
    for name, bad in bads.items()
}


def parquet_of(frame: pl.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


@cache
def reference() -> Reference:
    return Reference(DATA / "seeds")


def faults(path: Path, declared: dict[str, Any]) -> list[Problem]:
    """What loading has against the file, read as its options declare."""
    try:
        return problems(table.read(path, "observation", declared), "observation", reference())
    except ReleaseUnreadable as error:
        return [Problem(error.rule, str(error), error.row, error.column, error.value)]


@pytest.mark.parametrize("mode", TABLES)
def test_a_bad_table_is_refused_by_name(mode: str, tmp_path: Path) -> None:
    form, bad = mode.partition("/")[0], TABLES[mode]
    path = tmp_path / f"release.{form}"
    path.write_bytes(bad.content())

    found = faults(path, options(**{"file": FORMS[form], **bad.declared}))

    assert [(each.rule, each.row, each.column, each.value) for each in found] == [(bad.rule, bad.row, bad.column, bad.value)]
    sentence = found[0].sentence("release")
    assert bad.says in sentence
    # One line that a person reads.
    assert "\n" not in sentence and len(sentence) < 1_000


@pytest.mark.parametrize("form", FORMS)
def test_the_last_good_release_serves_beside_all_the_bad_ones(form: str, tmp_path: Path) -> None:
    house = build(tmp_path)
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    described = data_set.folder / "dataset.yml"
    said = yaml.safe_load(described.read_text(encoding="utf-8"))
    said |= {"reader": "table", "options": options(file=FORMS[form])}
    described.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    data_set = house.data_set(data_set.name)
    good = {"csv": csv_text().encode(), "xlsx": saved(workbook()), "parquet": parquet()}[form]
    house.write(data_set, f"undated__good.{form}", good)
    assert house.load(data_set)[data_set.name].added == [f"undated__good.{form}"]
    before = house.rows("select * from raw.observations order by observation_id")
    assert len(before) == 3

    # One of each rule: what all of them are refused for is tried above, file by file.
    of_rule = {
        each.rule: (name, each)
        for name, each in {"csv": CSV, "xlsx": WORKBOOKS, "parquet": PARQUETS}[form].items()
        if not each.declared
    }
    bad = {f"undated__{name.replace('_', '-')}.{form}": each for name, each in of_rule.values()}
    for name, each in bad.items():
        house.write(data_set, name, each.content())
    loaded = house.load(data_set)[data_set.name]

    assert loaded.refused.keys() == bad.keys()
    assert (loaded.added, loaded.kept, loaded.rows_added) == ([], [f"undated__good.{form}"], 0)
    assert house.rows("select * from raw.observations order by observation_id") == before
    told = dict(house.rows("select release, rule from raw.refused_rows"))
    assert told == {name: each.rule for name, each in bad.items()}


def test_there_are_many_ways_to_be_wrong() -> None:
    from tests.faults.test_bad_releases import REFUSED

    assert len(TABLES) + len(REFUSED) >= 150


# -- files that are too much -------------------------------------------------------------------------------------------------

_MIB = 1 << 20
# What the reader may take beyond its imports; the files themselves would take from 1 to 100 GiB.
_MOST = 400 * _MIB

_CHILD = """
import json, sys
from pathlib import Path
import polars, openpyxl, pyarrow.parquet
from pipelines.sources import ReleaseUnreadable, figures, table
def peak():
    # Not ru_maxrss, which a child inherits from whoever started it.
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
before, said = peak(), {}
for name, declared in json.load(sys.stdin).items():
    try:
        if declared is None:
            figures.read(Path(name), "observation", {})
        else:
            table.read(Path(name), "observation", declared)
        said[name] = ["read", peak() - before]
    except ReleaseUnreadable as error:
        said[name] = [str(error), peak() - before]
print(json.dumps(said))
"""


def long_line(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"9" * _MIB)


def bomb(path: Path) -> None:
    """A sheet of 256 MiB of blanks in a megabyte."""
    with (
        zipfile.ZipFile(io.BytesIO(saved(workbook()))) as old,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for member in old.infolist():
            with new.open(member.filename, "w", force_zip64=True) as stream:
                stream.write(old.read(member))
                for _ in range(256 if member.filename == SHEET else 0):
                    stream.write(b" " * _MIB)


def cells(path: Path) -> None:
    """Millions of empty cells, packed badly enough to stay below the ratio."""

    def fill(content: bytes) -> bytes:
        rows = b"".join(b"<row>" + b"<c/>" * 1_000 + os.urandom(400).hex().encode() + b"</row>" for _ in range(5_000))
        return content.replace(b"</sheetData>", rows + b"</sheetData>")

    path.write_bytes(edited({SHEET: fill}))


def lines(path: Path) -> None:
    path.write_bytes(csv_text([]).encode() + b";;;\r\n" * 400_000)


def nulls(path: Path) -> None:
    """A hundred million nulls in a few kilobytes of Parquet."""
    pl.DataFrame({name: pl.repeat(None, 5_000_000, dtype=pl.String, eager=True) for name in HEADER}).write_parquet(path)


def one_text(path: Path) -> None:
    """One text of a million characters, two hundred thousand times: 200 GB in a dictionary."""
    text = pl.select(pl.repeat("x" * 1_000_000, 1)).to_series()
    import pyarrow as pa
    import pyarrow.parquet as pq

    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), text.to_arrow().cast(pa.string()))
    pq.write_table(pa.table(dict.fromkeys(HEADER, repeated)), path, compression="zstd", store_schema=False)


TOO_MUCH: dict[str, tuple[Callable[[Path], None], dict[str, Any] | None, str]] = {
    "line.csv": (long_line, {}, "the file has 104857600 bytes"),
    "figures.csv": (long_line, None, "the file has 104857600 bytes"),
    "lines.csv": (lines, {}, "too many cells, counted to line 250001"),
    "bomb.xlsx": (bomb, XLSX, "unpacks to more than"),
    "cells.xlsx": (cells, XLSX, "too many cells"),
    "nulls.parquet": (nulls, PARQUET, "the table has 5000000 rows"),
    "text.parquet": (one_text, PARQUET, "holds a text of 1000000 characters"),
}


@pytest.mark.long
def test_a_file_that_is_too_much_is_refused_with_little_memory(tmp_path: Path) -> None:
    asked: dict[str, dict[str, Any] | None] = {}
    for name, (write, file, _) in TOO_MUCH.items():
        write(tmp_path / name)
        asked[str(tmp_path / name)] = None if file is None else options(file=file)

    done = subprocess.run([sys.executable, "-c", _CHILD], input=json.dumps(asked), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    said = {Path(name).name: answer for name, answer in json.loads(done.stdout).items()}
    for name, (_, _, says) in TOO_MUCH.items():
        message, taken = said[name]
        print(f"{name}: {taken / _MIB:.0f} MiB: {message}")
        assert says in message, (name, message)
        assert len(message) < 1_000
        assert taken < _MOST, (name, taken / _MIB)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_workbook_packed_as_no_workbook_is_refused_before_it_is_unpacked(tmp_path: Path, method: int) -> None:
    """What other methods raise of damaged bytes is their own, and would end the night."""
    with zipfile.ZipFile(tmp_path / "other.xlsx", "w", method) as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        archive.writestr("xl/workbook.xml", "<a/>")

    with pytest.raises(ReleaseUnreadable, match="packed by another method than deflate"):
        check_archive(tmp_path / "other.xlsx")
