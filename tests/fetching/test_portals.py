"""data.gov.ma with ANRT's spreadsheets behind it: what was declared before anybody saw an answer loads as declared, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from pipelines.datasets import DATASET_FILE, data_sets, read_sidecar, release_paths
from pipelines.fetching import attempts
from pipelines.fetching.attempts import Attempt
from pipelines.fetching.run import fetch
from tests.fetching.test_fetching import QUICK
from tests.house import House
from tests.publishers import Fault, Publisher
from tests.publishers.data_gov_ma import POSTPAID, PREPAID, RESOURCE, TOTAL, UNNAMED, Portal

NAME, INTERNET = "connectivity/anrt_open_mobile", "connectivity/anrt_open_internet"


def declare(house: House, name: str, base: str, change: Callable[[dict[str, Any]], Any] = lambda said: None) -> None:
    """The real data set ``name`` with its portal at ``base``, and ``change`` made to what its dataset.yml says."""
    data_set = house.bring(name, releases=False) if not (house.settings.raw / name).exists() else house.data_set(name)
    path = data_set.folder / DATASET_FILE
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said["fetch"]["options"]["base"] = f"{base}/data/api/3/action"
    change(said)
    path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")


def ask(house: House, name: str = NAME) -> Attempt:
    (attempt,) = fetch(house.settings, data_sets(house.settings.raw), names=[name], limits=QUICK)
    return attempt


def rows(house: House, columns: str, name: str = NAME) -> list[tuple[Any, ...]]:
    outcome = house.load(house.data_set(name))[name]
    assert outcome.refused == {}
    return house.rows(f"select {columns} from raw.observations order by release_row")


def columns_in(message: str | None) -> dict[str, Any]:
    """The lines that a refusal gives to be put under ``columns`` of dataset.yml, as YAML reads them."""
    lines = str(message).splitlines()
    return yaml.safe_load("\n".join(line for line in lines if line.startswith("    ")))  # type: ignore[no-any-return]


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def publisher(portal: Portal) -> Iterator[Publisher]:
    with Publisher(portal) as serving:
        portal.base = serving.base
        yield serving


@pytest.fixture
def anrt(house: House, publisher: Publisher) -> House:
    """The declared data set after its first answer was looked at: the columns that nobody had described are left out."""
    declare(house, NAME, publisher.base, lambda said: said["options"]["columns"].update(dict.fromkeys(UNNAMED)))
    return house


def test_a_first_answer_is_refused_with_the_lines_that_make_it_fit(house: House, publisher: Publisher) -> None:
    declare(house, NAME, publisher.base)
    first = ask(house)
    assert first.outcome == attempts.DRIFTED, first
    assert "no release has fitted so far" in str(first.message)
    found = columns_in(first.message)
    assert found == dict.fromkeys(UNNAMED)
    assert "  # M" in str(first.message)
    assert release_paths(house.data_set(NAME)) == []
    declare(house, NAME, publisher.base, lambda said: said["options"]["columns"].update(found))
    assert ask(house).outcome == attempts.NEW


def test_with_no_columns_declared_every_legend_is_told(house: House, portal: Portal, publisher: Publisher) -> None:
    declare(house, NAME, publisher.base, lambda said: said["options"].update(columns={}))
    assert columns_in(ask(house).message) == dict.fromkeys(portal.legend.values())


def test_the_workbook_behind_the_portal_becomes_statements(anrt: House) -> None:
    assert ask(anrt).outcome == attempts.NEW
    assert rows(anrt, "indicator, period_end::varchar, freq, obs_value, unit_mult, obs_status, published_on::varchar") == [
        ("ANRT.MOB.POSTPAID", "2006-12-31", "Q", None, 3, "O", "2026-08-23"),
        ("ANRT.MOB.PREPAID", "2006-12-31", "Q", None, 3, "L", "2026-08-23"),
        ("mobile_subscriptions", "2006-12-31", "Q", "16005", 3, "A", "2026-08-23"),
        ("ANRT.MOB.POSTPAID", "2023-12-31", "Q", "6970", 3, "A", "2026-08-23"),
        ("ANRT.MOB.PREPAID", "2023-12-31", "Q", "48900", 3, "A", "2026-08-23"),
        ("mobile_subscriptions", "2023-12-31", "Q", "55870", 3, "A", "2026-08-23"),
        ("ANRT.MOB.POSTPAID", "2024-03-31", "Q", "7000.5", 3, "A", "2026-08-23"),
        ("ANRT.MOB.PREPAID", "2024-03-31", "Q", None, 3, "O", "2026-08-23"),
        ("mobile_subscriptions", "2024-03-31", "Q", "55900.25", 3, "A", "2026-08-23"),
    ]
    assert ask(anrt).outcome == attempts.NOT_MODIFIED


def test_its_figures_are_the_cells_that_the_press_printed(anrt: House) -> None:
    """55.87 million at the end of 2023, read in a newspaper, and 55,870 thousand from the regulator's own file."""
    ask(anrt)
    press = anrt.bring("connectivity/anrt_market")
    anrt.load(press, anrt.data_set(NAME))
    assert anrt.rows(
        "select distinct indicator, count(distinct dataset), count(distinct obs_value::double * 10 ** unit_mult) "
        "from raw.observations where period_end = date '2023-12-31' and flow = 'STOCK' "
        "and indicator in ('mobile_subscriptions', 'ANRT.MOB.PREPAID', 'ANRT.MOB.POSTPAID') group by indicator, cell_id order by 1"
    ) == [("ANRT.MOB.POSTPAID", 2, 1), ("ANRT.MOB.PREPAID", 2, 1), ("mobile_subscriptions", 2, 1)]


def test_letters_that_move_with_their_columns_change_nothing(anrt: House, portal: Portal) -> None:
    ask(anrt)
    before = rows(anrt, "indicator, period_end, obs_value")
    turned = dict(zip("ABCDEFGHIJKLMN", "NMLKJIHGFEDCBA", strict=True))
    portal.legend = {turned[letter]: text for letter, text in portal.legend.items()}
    portal.rows = [(period, {turned[letter]: value for letter, value in values.items()}) for period, values in portal.rows]
    portal.header = portal.header[3:] + portal.header[:3]
    portal.etag = '"2"'
    assert ask(anrt).outcome == attempts.UNCHANGED
    assert set(rows(anrt, "indicator, period_end, obs_value")) == set(before)


def test_a_file_that_is_only_called_otherwise_is_still_the_file(anrt: House, portal: Portal) -> None:
    ask(anrt)
    portal.name, portal.etag = "Parc de la téléphonie mobile 2006-2026", '"2"'
    assert ask(anrt).outcome == attempts.UNCHANGED


def _add_column(it: Portal) -> None:
    it.legend["O"] = "Parc M2M (en milliers)"
    it.header.insert(2, "O")


@pytest.mark.parametrize(
    ("change", "outcome", "says"),
    [
        (lambda it: it.legend.update(H="Parc M2M (en milliers)"), attempts.DRIFTED, f'gone: "{PREPAID}"; new'),
        (_add_column, attempts.DRIFTED, '"Parc M2M (en milliers)": null  # O'),
        (lambda it: it.header.append("O"), attempts.DRIFTED, "no legend"),
        (lambda it: it.header.remove("D"), attempts.DRIFTED, f'gone: "{POSTPAID}"'),
        (lambda it: it.legend.update(L="Parc téléphonie mobile global (en millions)"), attempts.DRIFTED, "(en millions)"),
        (lambda it: it.legend.update(M=TOTAL), attempts.DRIFTED, "two columns are"),
        (lambda it: it.rows.append(("T13-2021", {"L": 1})), attempts.DRIFTED, "T13-2021"),
        (lambda it: it.rows.append(("S2-2021", {"L": 1})), attempts.DRIFTED, "S2-2021"),
        (lambda it: it.rows.append(("T1-2021", {"L": "n.c."})), attempts.DRIFTED, "n.c."),
        (lambda it: it.rows.append(("T1-2021", {"L": "1.234,5"})), attempts.DRIFTED, "1.234,5"),
        (lambda it: it.sheets.append("Feuil2"), attempts.DRIFTED, "2 sheets ('Feuil1', 'Feuil2') and none is declared"),
        (lambda it: setattr(it, "resource", RESOURCE[:-1] + "9"), attempts.REFUSED, "is not there any more; the package has: "),
        (lambda it: setattr(it, "package", "gone"), attempts.REFUSED, "Not Found Error"),
        (lambda it: setattr(it, "file_host", "http://169.254.169.254"), attempts.REFUSED, "another host"),
        (lambda it: setattr(it, "file_host", "http://127.0.0.1:9"), attempts.REFUSED, "an address inside"),
        (lambda it: setattr(it, "modified", "hier"), attempts.REFUSED, "'hier' should be a day"),
    ],
    ids=[
        "renamed", "added", "unexplained", "gone", "unit", "doubled", "period", "half year", "missing code", "marks", "sheets",
        "replaced", "unpublished", "elsewhere", "inside", "date",
    ],
)  # fmt: skip
def test_what_changes_at_the_portal_stops_the_source_and_says_what(
    anrt: House, portal: Portal, change: Callable[[Portal], Any], outcome: str, says: str
) -> None:
    release = ask(anrt).release
    change(portal)
    portal.etag = '"2"'
    attempt = ask(anrt)
    assert (attempt.outcome, says in str(attempt.message)) == (outcome, True), attempt
    assert [path.name for path in release_paths(anrt.data_set(NAME))] == [release]


def test_a_file_known_by_its_format_is_taken_only_while_it_is_alone(house: House, portal: Portal, publisher: Publisher) -> None:
    total = "Parc Internet global (en milliers)"
    portal.package, portal.legend, portal.header = "parc-de-l-internet-2006-2022", {"Q": total}, ["Q"]
    portal.rows = [("T4-2024", {"Q": 40220})]
    declare(house, INTERNET, publisher.base)
    assert ask(house, INTERNET).outcome == attempts.NEW
    assert rows(house, "indicator, definition, period_end::varchar, obs_value, unit_mult", INTERNET) == [
        ("internet_subscriptions", "internet_subscriptions@anrt", "2024-12-31", "40220", 3)
    ]
    (path,) = release_paths(house.data_set(INTERNET))
    assert RESOURCE in read_sidecar(path)["fetched"][0]["url"]
    portal.beside = [{"id": "another", "name": "Parc 2006-2027", "format": "xlsx", "url": "unused"}]
    attempt = ask(house, INTERNET)
    assert attempt.outcome == attempts.REFUSED
    assert "2 files have the format XLSX, one was expected" in str(attempt.message)
    assert "another 'Parc 2006-2027' (xlsx)" in str(attempt.message)
    declare(house, INTERNET, publisher.base, lambda said: said["fetch"]["options"].update(resource=RESOURCE))
    assert "must have one of 'resource'" in str(ask(house, INTERNET).message)


def test_an_answer_of_any_other_shape_is_the_sources_failure_and_nobody_elses(anrt: House, portal: Portal) -> None:
    shapes = [b"[]", b"null", b"12", b'"words"', b'{"success": true}', b'{"success": true, "result": []}', b"[" * 100_000]
    files = [b"null", b"{}", b'["x"]', b"[]", b"[[]]"]
    for answer in shapes + [b'{"success": true, "result": {"resources": %s}}' % each for each in files]:
        portal.answer = answer
        attempt = ask(anrt)
        assert attempt.outcome in (attempts.REFUSED, attempts.UNANSWERED), attempt
    assert release_paths(anrt.data_set(NAME)) == []


def test_a_page_of_html_in_place_of_the_workbook_is_waited_out(anrt: House, publisher: Publisher) -> None:
    publisher.fault = Fault("html", 2)
    assert ask(anrt).outcome == attempts.NEW


def test_no_portal_is_asked_before_somebody_has_looked(house: House, publisher: Publisher) -> None:
    """Nobody here ever saw it answer: a night leaves it alone until its dataset.yml says enabled: true."""
    declare(house, NAME, publisher.base)
    assert fetch(house.settings, data_sets(house.settings.raw), limits=QUICK) == []
    assert publisher.asked == []


def test_the_declared_legends_are_those_of_the_file_as_described(house: House) -> None:
    declared = house.bring(NAME, releases=False).options["columns"]
    described = Portal().legend
    assert set(declared) == set(described.values()) - set(UNNAMED)
    assert {legend for legend, ours in declared.items() if ours} == {POSTPAID, PREPAID, TOTAL}
