"""The command line: what every command prints, what a program reads, and how each kind of error leaves."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from pipelines.datasets import data_sets
from tests.house import OBSERVATION, TARGET, House, figures
from tests.integration.conftest import Whole
from tests.integration.life import Life
from tests.integration.running import COMMAND, checksums, environment, marsad

EXPORTS = "offshoring/exports"


@pytest.fixture
def emptied(house: House) -> House:
    """A house with one data set of real releases and nothing published."""
    house.bring(EXPORTS)
    return house


# Refresh, as a process of its own


def test_the_report_of_a_refresh(whole: Whole) -> None:
    said = whole.said.out

    assert re.search(r"^loaded +[\d,]+ new statements from \d+ data sets$", said, re.M)
    assert re.search(r"^checked +\d+ checks passed, \d+ warn$", said, re.M)
    assert re.search(rf"^published +{whole.settings.current.resolve().name} ", said, re.M)
    for (mart,) in whole.connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall():
        assert re.search(rf"^marts\.{mart} +[\d,]+ *$", said, re.M)
    assert re.search(r"^open it +duckdb -readonly \S*current/marsad.duckdb$", said, re.M)


def test_progress_is_shown_while_it_works(whole: Whole) -> None:
    assert "looking for what is new" in whole.progress
    assert "company_creation/ompic_barometer" in whole.progress
    assert "publication" in whole.progress


def test_all_real_releases_and_seeds_are_as_they_were(whole: Whole) -> None:
    assert checksums(whole.settings.raw, whole.settings.seeds) == whole.before


def test_the_installed_command_is_this_one(tmp_path: Path) -> None:
    done = subprocess.run([COMMAND, "--help"], env=environment(tmp_path), capture_output=True, text=True, check=True)

    for command in (
        "refresh", "status", "explain", "indicators", "query", "attach", "add", "new-dataset", "publications", "rollback", "docs",
        "dev",
    ):  # fmt: skip
        assert re.search(rf"\b{command}\b", done.stdout)


# Reading


def test_status_says_what_is_published_and_how_old_each_source_is(whole: Whole) -> None:
    said = marsad(whole.settings.data, "status")
    told = marsad(whole.settings.data, "status", "--json").json

    assert said.code == 0
    assert whole.settings.current.resolve().name in said.out
    assert str(whole.settings.published) in said.out
    assert told["publication"] == whole.settings.current.resolve().name
    assert duckdb.connect(told["file"], read_only=True).execute("select 1").fetchone() == (1,)
    waiting = {each.name for each in data_sets(whole.settings.raw) if each.fetch or each.reader == "table"}
    [sources] = whole.connection.execute("select count(*) from reference.datasets").fetchall()
    assert (len(told["sources"]),) == sources
    for source in told["sources"]:
        assert source["dataset"].split("/")[0] in said.out
        assert source["releases"] > 0 or source["dataset"] in waiting
        assert source.keys() >= {"publisher", "refused_releases", "latest_published_on", "late_after"}


def test_explain_shows_statement_quote_document_and_conflict(whole: Whole) -> None:
    said = marsad(whole.settings.data, "explain", "offshoring_export_revenue", "--area", "Maroc", "--period", "2023")

    assert said.code == 0
    assert "EQ 17.9 x 10^9 MAD" in said.out
    assert "EQ 26.17 x 10^9 MAD" in said.out
    assert "offshoring_export_revenue@oc_old" in said.out
    assert "offshoring_export_revenue@oc_2025" in said.out
    assert "conflict (DEFINITION, DEFINITION) 2023: 26170000000" in said.out
    assert "https://" in said.out
    assert re.search(r"carried by +offshoring/exports/\S+\.csv row \d+", said.out)


def test_explain_shows_the_quote_of_a_figure_from_prose(whole: Whole) -> None:
    said = marsad(whole.settings.data, "explain", "offshoring_export_revenue", "--period", "2024", "--json").json
    [quoted] = [each for each in said["statements"] if each["bound"] == "GE"]

    assert quoted["quote"] == "plus de 26 milliards de dirhams de recettes d’exportation en 2024"
    assert quoted["is_current"] is False
    assert {each["kind"] for each in said["contradictions"]} == {"ROUNDING"}  # 26.2 and 26.22; "more than 26" is none
    printed = marsad(whole.settings.data, "explain", "offshoring_export_revenue", "--period", "2024")
    assert quoted["quote"] in printed.out


@pytest.mark.parametrize("area", ["06", "Casablanca-Settat", "casablanca-settat", "الدار البيضاء-سطات"])
def test_explain_finds_an_area_by_code_or_name(whole: Whole, area: str) -> None:
    said = marsad(whole.settings.data, "explain", "company_creations", "--area", area, "--period", "2022", "--json").json

    assert {each["ref_area"] for each in said["statements"]} == {"06"}
    assert 25995 in [each["value"] for each in said["statements"]]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("company_creation",), "nearest: company_creations"),
        (("company_creations", "--area", "Casablanca Setat"), "Casablanca-Settat"),
        (("company_creations", "--period", "1912"), "nothing is known"),
        (("company_creations", "--period", "last year"), "last year"),
    ],
)
def test_explain_offers_what_is_known(whole: Whole, arguments: tuple[str, ...], says: str) -> None:
    said = marsad(whole.settings.data, "explain", *arguments)

    assert said.code == 5
    assert says in said.error


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("exportation", "offshoring_export_revenue"),
        ("export revenue", "offshoring_export_revenue"),
        ("ENTREPRISES CREEES", "company_creations"),
        ("المقاولات المحدثة", "company_creations"),
        ("hcp_rgph_households_int", "hcp_rgph_households_internet"),
    ],
)
def test_indicators_are_found_by_a_word_of_three_languages(whole: Whole, word: str, found: str) -> None:
    told = marsad(whole.settings.data, "indicators", word, "--json").json

    assert found in [each["indicator"] for each in told]
    assert found in marsad(whole.settings.data, "indicators", word).out


def test_indicators_counts_the_statements_of_each(whole: Whole) -> None:
    told = {each["indicator"]: each["statements"] for each in marsad(whole.settings.data, "indicators", "--json").json}

    assert len(told) == whole.connection.execute("select count(*) from reference.indicators").fetchall()[0][0]
    assert sum(told.values()) == whole.connection.execute("select count(*) from staging.stg_observations").fetchall()[0][0]
    missing = marsad(whole.settings.data, "indicators", "zeppelin")
    assert (missing.code, "zeppelin" in missing.error) == (5, True)


def test_a_query_answers_as_table_and_as_json(whole: Whole) -> None:
    sql = "select area_label_ar, value from marts.regional_indicators where row_key like 'company_creations@ompic|06|_T|_T|2022%'"

    table = marsad(whole.settings.data, "query", sql + " and period = '2022'")
    told = marsad(whole.settings.data, "query", sql + " and period = '2022'", "--json").json

    assert "25995" in table.out
    assert [(each["area_label_ar"], each["value"]) for each in told] == [("الدار البيضاء-سطات", 25995)]


def test_a_query_gives_every_row_and_digit_as_csv(whole: Whole) -> None:
    sql = "select row_key, value, per_1000, area_label_ar from marts.regional_indicators order by row_key"

    said = marsad(whole.settings.data, "query", sql, "--csv")

    told = list(csv.DictReader(io.StringIO(said.out)))
    found = whole.connection.execute(sql).fetchall()
    assert said.code == 0
    assert len(told) == len(found) > 200
    for row, (key, value, per_1000, label) in zip(told, found, strict=True):
        assert (row["row_key"], row["area_label_ar"]) == (key, label)
        assert (Decimal(row["value"]) if row["value"] else None) == value
        assert (float(row["per_1000"]) if row["per_1000"] else None) == per_1000


def test_nothing_but_the_rows_is_printed_however_long_a_query_takes(whole: Whole) -> None:
    told = marsad(whole.settings.data, "query", "select current_setting('enable_progress_bar') as bar", "--json").json

    assert told == [{"bar": False}]


def test_a_query_is_json_or_csv(whole: Whole) -> None:
    assert marsad(whole.settings.data, "query", "select 1", "--csv", "--json").code == 2
    twice = marsad(whole.settings.data, "query", "select 1 as a, 2 as a", "--json")
    assert (twice.code, "two columns are named 'a'" in twice.error, twice.out) == (7, True, "")


def test_a_reader_may_stop_reading(whole: Whole) -> None:
    """``marsad query ... --csv | head``: the command ends without a word."""
    command = [COMMAND, "query", "from staging.stg_observations", "--csv"]
    with subprocess.Popen(
        command, env=environment(whole.settings.data), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"observation_id,")
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    "sql",
    [
        "update marts.regional_indicators set value = 1",
        "delete from raw.observations",
        "drop table marts.regional_indicators",
        "create table marts.mine as select 1",
        "select nonsense",
        "copy (select 1) to 'written.csv'",
        "set threads = 1",
        "select 1; select 2",
        "",
        "/* nothing but a comment */",
    ],
)
@pytest.mark.parametrize("form", [(), ("--csv",)], ids=["shown", "csv"])
def test_a_query_asks_one_question_and_changes_nothing(
    whole: Whole, sql: str, form: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = marsad(whole.settings.data, "query", sql, *form)

    assert (said.code, said.out) == (7, "")
    assert said.error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "sql",
    [
        "describe marts.regional_indicators",
        "summarize reference.units",
        "explain select 1",
        "from (values ('a', 1), ('b', 2)) as t(k, v)",
        "pivot (from (values ('a', 1), ('b', 2)) as t(k, v)) on k using sum(v)",
    ],
)
@pytest.mark.parametrize("form", [(), ("--csv",), ("--json",)], ids=["shown", "csv", "json"])
def test_every_sort_of_question_is_answered(whole: Whole, sql: str, form: tuple[str, ...]) -> None:
    said = marsad(whole.settings.data, "query", sql, *form)

    assert (said.code, said.err) == (0, "")
    assert said.out.strip()


def test_the_attach_statement_works_as_printed(whole: Whole) -> None:
    said = marsad(whole.settings.data, "attach")

    with duckdb.connect() as analyst:
        for statement in said.out.strip().split("; "):
            analyst.execute(statement)
        assert analyst.execute("select count(*) from marts.strategy_targets").fetchall() > [(0,)]
        # Views name the catalog: they work under it.
        assert analyst.execute("select count(*) from quality.lineage").fetchall() > [(0,)]
        with pytest.raises(duckdb.Error, match="read-only"):
            analyst.execute("delete from marts.strategy_targets")


def test_publications_are_listed_with_the_one_readers_get(life: Life) -> None:
    data, now = life.house.settings.data, life.house.settings.current.resolve().name
    told = marsad(data, "publications", "--json").json
    said = marsad(data, "publications")

    assert [each["publication"] for each in told if each["current"]] == [now]
    assert [each["publication"] for each in told] == sorted(each["publication"] for each in told)
    assert {life.steps["first"].current, life.steps["grown"].current} <= {each["publication"] for each in told}
    assert re.search(rf"^\* +{now} ", said.out, re.M)


def test_rolling_back_to_what_is_not_kept_names_what_is(life: Life) -> None:
    said = marsad(life.house.settings.data, "rollback", "000099-aaaaaaaaaaaa")

    assert said.code == 5
    assert life.steps["first"].current in said.error


# Before the first publication


@pytest.mark.parametrize(
    "arguments",
    [
        ("status",), ("explain", "company_creations"), ("indicators",), ("query", "select 1"), ("publications",), ("rollback",),
        ("attach",),
    ],
)  # fmt: skip
def test_with_nothing_published_readers_are_told_what_to_do(emptied: House, arguments: tuple[str, ...]) -> None:
    said = marsad(emptied.settings.data, *arguments)

    assert said.code == 5
    assert "marsad refresh" in said.error
    assert len(said.error.splitlines()) == 1


# Wrong usage and bad input


@pytest.mark.parametrize(
    "arguments",
    [
        ("refresh", "--fully"),
        ("refresh", "--wait", "nan"),
        ("refresh", "--wait", "-1"),
        ("serve", "--port", "99999999"),
        ("explain",),
        ("nonsense",),
        ("add", "/nowhere/at/all.csv", "--dataset", EXPORTS),
        ("add", __file__, "--dataset", EXPORTS, "--published-on", "last Friday"),
        ("new-dataset", "offshoring/new", "--title-en", "New"),
        ("add", __file__, "--dataset", EXPORTS, "--published-on", "2025-13"),
        ("add", __file__, "--dataset", EXPORTS, "--retrieved-on", "yesterday"),
    ],
)
def test_wrong_usage_is_said_so(emptied: House, arguments: tuple[str, ...]) -> None:
    said = marsad(emptied.settings.data, *arguments)

    assert said.code == 2, said
    assert "Usage:" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("seed", "damage", "says"),
    [
        ("definitions", lambda rows: [*rows[:4], b'"garbled' + rows[4], *rows[5:]], "definitions.csv, "),
        ("documents", lambda rows: [*rows[:2], rows[2].replace(b"2026-11-22", b"2026-02-30", 1), *rows[3:]], "documents.csv: "),
        ("indicators", lambda rows: [*rows, rows[1].replace(b",0,", b",abc,", 1)], "indicators.csv: "),
        ("units", lambda _: [], "units.csv: "),
        ("documents", lambda rows: [*rows, b"x\xe9,hcp,hcp,t,https://e,,UNKNOWN,2026-11-22,l,fr,\n"], "documents.csv"),
    ],
    ids=["a quote", "a day", "a number", "empty", "letters"],
)
def test_a_seed_that_cannot_be_read_is_named(
    emptied: House, seed: str, damage: Callable[[list[bytes]], list[bytes]], says: str
) -> None:
    """dbt would name neither file nor line, and reads them first if it may."""
    path = emptied.settings.seeds / f"{seed}.csv"
    whole_seed = path.read_bytes()
    path.write_bytes(b"".join(damage(whole_seed.splitlines(keepends=True))))
    try:
        said = marsad(emptied.settings.data, "refresh")
    finally:
        path.write_bytes(whole_seed)

    assert said.code == 7
    assert f"{seed}.csv" in said.error and says in said.error


def test_an_unknown_data_set_is_answered_with_the_known_ones(emptied: House, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_bytes(figures("observation", [OBSERVATION]))

    refresh = marsad(emptied.settings.data, "refresh", "--dataset", "offshoring/export")
    add = marsad(emptied.settings.data, "add", str(file), "--dataset", "offshoring/export")

    assert EXPORTS in refresh.error
    assert EXPORTS in add.error
    assert (refresh.code, add.code) == (5, 5)


def test_a_data_set_that_cannot_be_read_is_bad_input(emptied: House) -> None:
    (emptied.settings.raw / EXPORTS / "dataset.yml").write_text("title: 3\n", encoding="utf-8")

    said = marsad(emptied.settings.data, "refresh")

    assert said.code == 7
    assert "dataset.yml" in said.error


# Filing a release

EXPORTED = OBSERVATION | {
    "indicator": "offshoring_export_revenue", "definition": "offshoring_export_revenue@oc_2025", "ref_area": "MA",
    "time_period": "2025", "freq": "A", "flow": "FLOW", "obs_value": "28.4", "unit_measure": "MAD", "unit_mult": "9",
    "publisher": "office-des-changes", "document": "le360-oc-2024",
}  # fmt: skip


def test_a_release_is_filed_under_its_date_and_sealed(emptied: House, tmp_path: Path) -> None:
    file = tmp_path / "Exports 2025.csv"
    file.write_bytes(figures("observation", [EXPORTED]))

    said = marsad(
        emptied.settings.data, "add", str(file), "--dataset", EXPORTS, "--published-on", "2026-03", "--retrieved-on",
        "2026-11-22", "--note", "typed by hand",
    )  # fmt: skip

    release = emptied.settings.raw / EXPORTS / "2026-03__exports-2025.csv"
    sidecar = release.with_name(release.name + ".yml").read_text(encoding="utf-8")
    assert said.code == 0, said.err
    assert release.read_bytes() == file.read_bytes()
    assert "filed offshoring/exports/2026-03__exports-2025.csv: 1 statements, sealed" in said.out
    assert "published_precision: MONTH" in sidecar
    assert "note: typed by hand" in sidecar
    assert "sha256: " in sidecar
    again = marsad(emptied.settings.data, "add", str(file), "--dataset", EXPORTS, "--published-on", "2026-03")
    assert (again.code, f"these bytes are {EXPORTS}/{release.name} already" in again.error) == (7, True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ref_area": "MA-08"}, ("row 2", "ref_area", "'MA-08'")),
        ({"obs_value": "28,4"}, ("row 2", "obs_value", "28,4", "plain digits")),
        ({"quote": "plus de 27 milliards de dirhams"}, ("row 2", "quote")),
        ({"definition": "offshoring_export_revenue@oc_old_2"}, ("row 2", "definition", "offshoring_export_revenue@oc_old")),
    ],
)
def test_a_bad_file_is_refused_with_row_and_column(
    emptied: House, tmp_path: Path, changes: dict[str, str], says: tuple[str, ...]
) -> None:
    file = tmp_path / "exports.csv"
    file.write_bytes(figures("observation", [EXPORTED, EXPORTED | {"time_period": "2024"} | changes]))
    before = checksums(emptied.settings.raw)

    said = marsad(emptied.settings.data, "add", str(file), "--dataset", EXPORTS)

    assert said.code == 7
    assert all(each in said.error for each in says), said.error
    assert checksums(emptied.settings.raw) == before


def test_a_file_of_another_kind_is_refused(emptied: House, tmp_path: Path) -> None:
    file = tmp_path / "targets.csv"
    file.write_bytes(figures("target", [TARGET]))

    said = marsad(emptied.settings.data, "add", str(file), "--dataset", EXPORTS, "--json")

    assert said.code == 7
    assert "exact header" in said.error or "header" in said.error
    assert said.out == ""


def test_every_json_is_one_document(whole: Whole) -> None:
    for arguments in (
        ("status",),
        ("publications",),
        ("indicators", "internet"),
        ("explain", "egdi_score"),
        ("query", "from reference.publication"),
    ):
        said = marsad(whole.settings.data, *arguments, "--json")
        assert said.code == 0, said.err
        assert json.loads(said.out)
        assert said.err == ""
