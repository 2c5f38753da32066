"""The table reader: what a ministry's table says, cell by cell, under the declared options, and no more than that."""

from __future__ import annotations

import errno
import os
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet
import pytest

from pipelines.records import STATEMENT_COLUMNS
from pipelines.sources import ReleaseUnreadable, formats, table
from pipelines.sources.table.printed import Unclear, number, number_pattern
from pipelines.statements import of_release, problems
from tests.house import House
from tests.tables import HEADER, ROWS, XLSX, column, csv_text, options, saved, workbook


def read(tmp_path: Path, content: str | bytes, name: str = "a.csv", **changed: Any) -> pl.DataFrame:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return table.read(path, "observation", options(**changed))


def values(frame: pl.DataFrame) -> list[str | None]:
    return frame["obs_value"].to_list()


def refused(tmp_path: Path, content: str | bytes, name: str = "a.csv", **changed: Any) -> ReleaseUnreadable:
    with pytest.raises(ReleaseUnreadable) as error:
        read(tmp_path, content, name, **changed)
    return error.value


def test_a_csv_becomes_statements_that_keep_every_rule(house: House, tmp_path: Path) -> None:
    frame = read(tmp_path, csv_text())

    assert frame.columns == list(STATEMENT_COLUMNS["observation"])
    assert set(frame.dtypes) == {pl.String}
    assert frame.select("ref_area", "time_period", "obs_value", "unit_mult", "obs_status", "locator").rows() == [
        ("01", "2022-01/2022-03", "3388", "0", "A", "line 2, field 3 (Entreprises créées)"),
        ("02", "2022-01/2022-03", "1298", "0", "A", "line 3, field 3 (Entreprises créées)"),
        ("10", "2022-01/2022-03", "280", "0", "A", "line 4, field 3 (Entreprises créées)"),
    ]
    assert problems(frame, "observation", house.reference) == []


def test_the_three_forms_say_the_same(tmp_path: Path) -> None:
    as_csv = read(tmp_path, csv_text())
    as_xlsx = read(tmp_path, saved(workbook()), "a.xlsx", file=XLSX)
    pl.DataFrame(ROWS, schema=HEADER, orient="row").write_parquet(tmp_path / "a.parquet")
    as_parquet = table.read(
        tmp_path / "a.parquet",
        "observation",
        options(file=dict.fromkeys(("encoding", "delimiter", "header_row")) | {"form": "parquet"}),
    )

    assert as_xlsx["locator"].to_list()[0] == "Données!C4 (Entreprises créées)"
    assert as_parquet["locator"].to_list()[0] == "row 1 of column 'Entreprises créées' (Entreprises créées)"
    assert as_csv.drop("locator").equals(as_xlsx.drop("locator"))
    assert as_csv.drop("locator").equals(as_parquet.drop("locator"))


@pytest.mark.parametrize(("encoding", "declared"), [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-bom"), ("cp1252", "windows-1252")])
def test_encodings(tmp_path: Path, encoding: str, declared: str) -> None:
    assert read(tmp_path, csv_text().encode(encoding), file={"encoding": declared})["ref_area"].to_list() == ["01", "02", "10"]


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u202f", "\u2009", ""])
def test_thousands_stand_apart_by_any_blank(tmp_path: Path, blank: str) -> None:
    assert values(read(tmp_path, csv_text([["Oriental", "mars 2022", f"1{blank}298,50", ""]]))) == ["1298.50"]


@pytest.mark.parametrize(
    ("text", "decimal", "thousands", "digits"),
    [
        ("18.500", ",", ".", "18500"), ("18.500", ".", "none", "18.500"), ("18,500", ".", ",", "18500"),
        ("1 234 567,8", ",", " ", "1234567.8"), ("-0,5", ",", " ", "-0.5"), ("\u2212 3".replace(" ", ""), ",", " ", "-3"),
        ("12345", ",", " ", "12345"), ("1'250.5", ".", "'", "1250.5"), ("0", ",", " ", "0"), ("-0", ",", " ", "0"),
    ],
)  # fmt: skip
def test_numbers_as_declared(text: str, decimal: str, thousands: str, digits: str) -> None:
    assert number(text, number_pattern(decimal, thousands)) == digits


@pytest.mark.parametrize(
    "text",
    [
        "18.500",
        "1 23",
        "12 3456",
        "1 234 56",
        ",5",
        "5,",
        "1,5,5",
        "1e5",
        "+5",
        "007",
        "٣٣",
        "12 %",
        "1  000",
        "--5",
        "inf",
        "5 000 000.5",
        "1,234,567",
    ],
)
def test_numbers_printed_in_another_way_are_not_read(text: str) -> None:
    with pytest.raises(Unclear):
        number(text, number_pattern(",", " "))


@pytest.mark.parametrize(
    ("text", "form", "period"),
    [
        ("2006", "year", "2006"), ("T1-2006", "quarter", "2006-Q1"), ("T4 2021", "quarter", "2021-Q4"), ("2021 T3", "quarter", "2021-Q3"),
        ("S2-2013", "half_year", "2013-S2"), ("03/2022", "month", "2022-03"), ("mars 2022", "month_name", "2022-03"),
        ("Févr. 2022", "month_name", "2022-02"), ("AOÛT-2022", "month_name", "2022-08"), ("31/03/2022", "day", "2022-03-31"),
        ("2022-Q1", "as_ours", "2022-Q1"),
    ],
)  # fmt: skip
def test_printed_periods(tmp_path: Path, text: str, form: str, period: str) -> None:
    columns = column("Période", periods=[form], since_january=None)

    assert read(tmp_path, csv_text([["Oriental", text, "5", ""]]), columns=columns)["time_period"].to_list() == [period]


@pytest.mark.parametrize(
    ("text", "form"),
    [("T5-2006", "quarter"), ("06", "year"), ("S3-2013", "half_year"), ("13/2022", "month"), ("30/02/2022", "day"), ("martius 2022", "month_name"),
     ("2022", "quarter"), ("mars", "month_name"), ("", "year"), ("2022.0", "year")],
)  # fmt: skip
def test_periods_of_no_declared_form(tmp_path: Path, text: str, form: str) -> None:
    error = refused(
        tmp_path, csv_text([["Oriental", text, "5", ""]]), columns=column("Période", periods=[form], since_january=None)
    )

    assert (error.row, error.column) == (1, "Période")
    assert "line 2, field 2" in str(error)


def test_missing_codes_and_marks_give_a_status(tmp_path: Path) -> None:
    rows = [
        ["Tanger-Tétouan-Al Hoceima", "mars 2022", "ND", ""],
        ["Oriental", "mars 2022", "1 298 (p)", ""],
        ["Guelmim-Oued Noun", "mars 2022", "NM", ""],
    ]

    frame = read(tmp_path, csv_text(rows))

    assert frame.select("obs_value", "obs_status").rows() == [(None, "O"), ("1298", "P"), (None, "L")]
    assert "is blank" in str(refused(tmp_path, csv_text([["Oriental", "mars 2022", "", ""]])))
    assert read(tmp_path, csv_text([["Oriental", "mars 2022", "", ""]]), missing={"": "M"})["obs_status"].to_list() == ["M"]


def test_wide_columns_become_rows_with_their_own_indicator_unit_and_period(tmp_path: Path) -> None:
    declared = {
        "file": {"form": "csv", "encoding": "utf-8", "delimiter": ";", "header_row": 2, "skip_rows": [3], "ends_before": "Source"},
        "numbers": {"decimal": ",", "thousands": " "},
        "constants": {
            "ref_area": "MA", "urbanisation": "_T", "breakdown": "_T", "freq": "Q", "flow": "STOCK", "bound": "EQ", "obs_status": "A",
            "conf_status": "F", "publisher": "anrt", "unit_mult": 0,
        },
        "columns": [
            {"header": "Indicateur", "gives": ["indicator", "definition", "unit_measure"], "codes": {
                "Parc mobile": {"indicator": "mobile_subscriptions", "definition": "mobile_subscriptions@anrt", "unit_measure": "SUBSCRIPTIONS"},
                "Taux": {"indicator": "ANRT.MOB.PEN", "definition": "ANRT.MOB.PEN@anrt_projection", "unit_measure": "PERCENT"},
            }},
            {"header": "T1-2021", "value": {"time_period": "2021-Q1"}},
            {"header": "T2-2021", "value": {"time_period": "2021-Q2"}},
        ],
    }  # fmt: skip
    path = tmp_path / "a.csv"
    path.write_text(
        "Observatoire;;\nIndicateur;T1-2021;T2-2021\n;(unités);(unités)\nParc mobile;50 000;51 000\nTaux;138,5;140,25\nSource : ANRT;;\n",
        encoding="utf-8",
    )

    frame = table.read(path, "observation", declared)

    assert frame.select("indicator", "time_period", "obs_value", "unit_measure").rows() == [
        ("mobile_subscriptions", "2021-Q1", "50000", "SUBSCRIPTIONS"),
        ("mobile_subscriptions", "2021-Q2", "51000", "SUBSCRIPTIONS"),
        ("ANRT.MOB.PEN", "2021-Q1", "138.5", "PERCENT"),
        ("ANRT.MOB.PEN", "2021-Q2", "140.25", "PERCENT"),
    ]
    assert frame["document"].null_count() == 4
    assert of_release(frame, "a-document")["document"].to_list() == ["a-document"] * 4


def test_targets_and_events_are_tables_too(tmp_path: Path) -> None:
    constants = {
        name: "x"
        for name in STATEMENT_COLUMNS["event"]
        if name not in ("event_id", "time_period", "title_fr", "quote", "description_en")
    }
    path = tmp_path / "a.csv"
    path.write_text("id;quand;titre\ne1;05/06/2013;Lancement\n", encoding="utf-8")
    declared = {"file": {"form": "csv", "encoding": "utf-8", "delimiter": ";", "header_row": 1}, "constants": constants, "columns": [
        {"header": "id", "gives": "event_id"}, {"header": "quand", "gives": "time_period", "periods": "day"}, {"header": "titre", "gives": "title_fr"},
    ]}  # fmt: skip

    assert table.read(path, "event", declared).select("event_id", "time_period", "title_fr").rows() == [
        ("e1", "2013-06-05", "Lancement")
    ]


def test_spreadsheet_numbers_have_the_digits_a_spreadsheet_shows(tmp_path: Path) -> None:
    cells = [0.1 + 0.2, 17.899999999999999, 3388.0, 1e-7, 123456789.125, 1298]
    rows = [
        ["Oriental", f"{month} 2022", cell, ""]
        for cell, month in zip(cells, ("janvier", "février", "mars", "avril", "mai", "juin"), strict=True)
    ]

    frame = read(tmp_path, saved(workbook(rows)), "a.xlsx", file=XLSX)

    assert values(frame) == ["0.3", "17.9", "3388", "0.0000001", "123456789.125", "1298"]


@pytest.mark.parametrize(
    ("stored", "number_format", "shown"),
    [
        (0.547, "0.0%", "54.7"),
        (33860000, '#,##0,"k"', "33860"),
        (33860000, "#,##0,,", "33.86"),
        (0.547, '0.0"%"', None),
        (12345, "#,##0", None),
    ],
)
def test_a_format_that_shows_another_number_needs_a_word(
    tmp_path: Path, stored: float, number_format: str, shown: str | None
) -> None:
    book = workbook([["Oriental", "mars 2022", stored, ""]])
    book["Données"]["C4"].number_format = number_format
    content = saved(book)

    if shown is None:
        assert values(read(tmp_path, content, "a.xlsx", file=XLSX)) == [str(stored)]
        return
    error = refused(tmp_path, content, "a.xlsx", file=XLSX)
    assert f"stored as {stored} and shown as {shown}" in str(error)
    assert "Données!C4" in str(error)
    for meant, digits in (("as_shown", shown), ("as_stored", str(stored))):
        columns = column("Entreprises créées", formatted_cells=meant)
        assert values(read(tmp_path, content, "a.xlsx", file=XLSX, columns=columns)) == [digits]


@pytest.mark.parametrize(
    ("form", "period"), [("date_is_day", "2022-03-31"), ("date_is_month", "2022-03"), ("date_is_year", "2022")]
)
def test_date_cells_are_the_period_that_was_declared(tmp_path: Path, form: str, period: str) -> None:
    book = saved(workbook([["Oriental", datetime(2022, 3, 31), 5, ""]]))

    assert read(tmp_path, book, "a.xlsx", file=XLSX, columns=column("Période", periods=[form], since_january=None))[
        "time_period"
    ].to_list() == [period]
    assert "is a date and no period" in str(refused(tmp_path, book, "a.xlsx", file=XLSX))


def test_parquet_types_keep_their_digits(tmp_path: Path) -> None:
    frame = pl.DataFrame({
        "Région": ["Oriental"] * 4, "Période": [date(2022, 3, 1), date(2022, 4, 1), date(2022, 5, 1), date(2022, 6, 1)],
        "Entreprises créées": [1, 2, 3, None], "Remarques": [None] * 4,
    })  # fmt: skip
    columns = column("Période", periods=["date_is_month"], since_january=None)
    declared = options(
        file=dict.fromkeys(("encoding", "delimiter", "header_row")) | {"form": "parquet"}, columns=columns, missing={"": "O"}
    )
    path = tmp_path / "a.parquet"
    for numbers, digits in (
        (pl.Series([1.1, 0.1 + 0.2, 2e-7, None], dtype=pl.Float64), ["1.1", "0.3", "0.0000002", None]),
        (pl.Series([1.1, 16777216, 0.5, None], dtype=pl.Float32), ["1.1", "16777216", "0.5", None]),
        (pl.Series([1, 2**62, -3, None], dtype=pl.Int64), ["1", str(2**62), "-3", None]),
        (
            pl.Series([Decimal("1.10"), Decimal("12345678901234567890.12"), Decimal("-0.50"), None], dtype=pl.Decimal(38, 2)),
            ["1.10", "12345678901234567890.12", "-0.50", None],
        ),
    ):
        frame.with_columns(numbers.alias("Entreprises créées")).write_parquet(path)
        assert values(table.read(path, "observation", declared)) == digits


@pytest.mark.parametrize("form", ["xlsx", "parquet"])
def test_a_failing_disk_refuses_no_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """The run tries again (``assets.data_sets``): the file was never seen to be bad. What is wrong with the file itself is refused."""
    path = tmp_path / f"a.{form}"

    def failing_with(number: int) -> Callable[..., None]:
        def fail(*_: Any) -> None:
            raise OSError(number, os.strerror(number))

        return fail

    def fails_with(number: int) -> None:
        if form == "xlsx":
            path.write_bytes(saved(workbook(ROWS, HEADER)))
            monkeypatch.setattr(zipfile.ZipFile, "infolist", failing_with(number))
            formats.workbook.check_archive(path)
        else:
            pl.DataFrame({"a": ["1"]}).write_parquet(path)
            monkeypatch.setattr(pyarrow.parquet.ParquetFile, "read", failing_with(number))
            formats.columnar.read(path)

    with pytest.raises(OSError, match="Input/output") as error:
        fails_with(errno.EIO)
    assert error.value.errno == errno.EIO
    with pytest.raises(ReleaseUnreadable, match="no whole"):
        fails_with(errno.EINVAL)


def test_columns_may_move_and_headers_may_wrap(tmp_path: Path) -> None:
    header = ["Remarques", "Entreprises\u00a0\n créées ", "Région", "Période"]
    rows = [["", "280", " Guelmim-Oued\u00a0Noun", "mars  2022"]]

    assert read(tmp_path, saved(workbook(rows, header)), "a.xlsx", file=XLSX)["ref_area"].to_list() == ["10"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ([*HEADER, "Provisoire"], "new: 'Provisoire'"),
        (HEADER[:3], "gone: 'Remarques'"),
        (["Région", "Période", "Entreprises crées", "Remarques"], "gone: 'Entreprises créées'; new: 'Entreprises crées'"),
        ([*HEADER, "Région"], "twice: 'Région'"),
    ],
)
def test_drift_is_named(tmp_path: Path, header: list[str], says: str) -> None:
    error = refused(tmp_path, csv_text([["Oriental", "mars 2022", "5", "", ""][: len(header)]], header))

    assert error.rule == "exactly the declared columns"
    assert says in str(error)


def test_unknown_labels_are_told_all_at_once_and_totals_left_out(tmp_path: Path) -> None:
    rows = [*ROWS, ["Souss", "mars 2022", "1", ""], ["Draa", "mars 2022", "1", ""]]
    error = refused(tmp_path, csv_text(rows))

    assert (error.row, error.column, error.value) == (4, "Région", "Souss")
    assert "'Draa'" in str(error)
    assert read(tmp_path, csv_text([*ROWS, ["Total", "mars 2022", "4 966", ""]])).height == 3


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"file": {"form": "ods"}}, "options.file.form: is 'ods'; known: 'csv', 'xlsx', 'parquet'"),
        ({"file": {"encoding": "latin-1"}}, "options.file.encoding: is 'latin-1'; known: 'utf-8'"),
        ({"file": {"encoding": None}}, "options.file: lacks encoding"),
        ({"file": {"sheet": "x"}}, "options.file: unknown key sheet; known: "),
        ({"file": {"header_row": 0}}, "options.file.header_row: is 0"),
        ({"file": {"skip_rows": [1]}}, "options.file.skip_rows"),
        ({"file": {"delimiter": ";;"}}, "options.file.delimiter: is ';;', must be one character"),
        ({"numbers": {"thousands": ","}}, "decimal and thousands marks are both ','"),
        ({"numbers": {"decimal": "·"}}, "options.numbers.decimal: is '·'"),
        ({"missing": {"ND": "A"}}, "options.missing.'ND': is 'A', must be one of O, M, L"),
        ({"missing": {False: "O"}}, "put it in quotation marks"),
        ({"colums": []}, "options: unknown key colums; known: columns"),
        ({"columns": []}, "options.columns: must be a list"),
        ({"constants": {"ref_area": "01"}}, "say ref_area twice"),
        ({"constants": {"urbanisation": None}}, "say nothing of urbanisation"),
        ({"constants": {"freq": 1}}, "options.constants.freq: is 1, must be text: put it in quotation marks"),
        ({"constants": {"frequency": "M"}}, "unknown column frequency; a record of kind observation has indicator"),
        ({"columns": column("Région", gives="area")}, "options.columns[1] (Région).gives: is 'area'; known: 'indicator'"),
        ({"columns": column("Région", codes={"Oriental": 2})}, "codes.Oriental: is 2, must be text"),
        ({"columns": column("Région", value={"freq": "M"})}, "must say one of gives, value, ignored; says gives, value"),
        ({"columns": column("Remarques", ignored=None)}, "must say one of gives, value, ignored; says none"),
        ({"columns": column("Remarques", gives="comment")}, "says gives, ignored"),
        ({"columns": column("Période", periods=["trimestre"])}, "periods: is 'trimestre'; known: 'year'"),
        ({"columns": column("Période", periods=None)}, "periods and a column of periods without codes go together; known: year"),
        ({"columns": column("Région", suffix="%")}, "suffix: goes with a column of numbers"),
        ({"columns": column("Entreprises créées", codes={"a": "b"})}, "is a number, so it has no codes"),
        ({"columns": column("Entreprises créées", formatted_cells="x")}, "formatted_cells: is 'x'; known: 'as_shown'"),
        ({"columns": column("Entreprises créées", header="Région")}, "say Région twice"),
        ({"columns": column("Région", typo=1)}, "options.columns[1]: unknown key typo; known: codes"),
    ],
)  # fmt: skip
def test_options_that_cannot_be_are_told_in_one_message(tmp_path: Path, changed: dict[str, Any], says: str) -> None:
    error = refused(tmp_path, csv_text(), **changed)

    assert error.rule == "options of the table reader"
    assert str(error).startswith("dataset.yml: options")
    assert says in str(error)


def test_a_release_of_a_table_is_loaded_and_its_cells_are_named(house: House) -> None:
    data_set = house.bring("company_creation/ompic_barometer", releases=False)
    described = data_set.folder / "dataset.yml"
    import yaml

    said = yaml.safe_load(described.read_text(encoding="utf-8")) | {
        "reader": "table",
        "options": options(constants={"document": None}),
    }
    described.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    data_set = house.data_set(data_set.name)
    house.write(data_set, "undated__a.csv", csv_text().encode(), document="lopinion-ompic-2022-03")
    house.write(
        data_set, "undated__b.csv", csv_text([["Oriental", "mars 2022", "-5", ""]]).encode(), document="lopinion-ompic-2022-03"
    )

    loaded = house.load(data_set)[data_set.name]

    assert loaded.added == ["undated__a.csv"]
    assert house.rows("select ref_area, obs_value, document, locator from raw.observations order by 1") == [
        ("01", "3388", "lopinion-ompic-2022-03", "line 2, field 3 (Entreprises créées)"),
        ("02", "1298", "lopinion-ompic-2022-03", "line 3, field 3 (Entreprises créées)"),
        ("10", "280", "lopinion-ompic-2022-03", "line 4, field 3 (Entreprises créées)"),
    ]
    assert "read at line 2, field 3" in loaded.refused["undated__b.csv"][0].message
