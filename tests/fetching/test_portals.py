"""data.gov.ma with ANRT's spreadsheets behind it, and ITU's hub: what they answer is read as declared, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

from pipelines.datasets import DATASET_FILE, data_sets, release_paths
from pipelines.fetching import attempts
from pipelines.fetching.attempts import Attempt
from pipelines.fetching.run import fetch
from tests.fetching.test_fetching import QUICK
from tests.house import House
from tests.publishers import Fault, Publisher
from tests.publishers.data_gov_ma import PACKAGE, POSTPAID, PREPAID, RESOURCE, TOTAL, Portal
from tests.publishers.itu_datahub import DataHub

NAME = "connectivity/anrt_market"


def declare(house: House, reader: str, options: dict[str, Any], fetched: dict[str, Any]) -> House:
    """ANRT's data set without its releases, read and fetched in another way."""
    data_set = house.bring(NAME, releases=False)
    path = data_set.folder / DATASET_FILE
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said |= {"reader": reader, "options": options, "fetch": fetched}
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return house


def ask(house: House) -> Attempt:
    (attempt,) = fetch(house.settings, data_sets(house.settings.raw), limits=QUICK)
    return attempt


def rows(house: House, columns: str) -> list[tuple[Any, ...]]:
    outcome = house.load(house.data_set(NAME))[NAME]
    assert outcome.refused == {}
    return house.rows(f"select {columns} from raw.observations order by release_row")


@pytest.fixture
def portal() -> Portal:
    return Portal()


@pytest.fixture
def publisher(portal: Portal) -> Iterator[Publisher]:
    with Publisher(portal) as serving:
        portal.base = serving.base
        yield serving


def ours(indicator: str) -> dict[str, Any]:
    return {
        "indicator": indicator, "definition": f"{indicator}@anrt", "unit_measure": "SUBSCRIPTIONS", "unit_mult": 3, "flow": "STOCK",
    }  # fmt: skip


@pytest.fixture
def anrt(house: House, publisher: Publisher) -> House:
    options = {
        "sheet": "Feuil1", "period_header": "Période (à fin)", "periods": ["quarter", "half_year", "year"], "decimal": ",",
        "thousands": " ", "missing": {"ND": "O", "NM": "L", "": "O"}, "document": "le360-anrt-2023-annual",
        "columns": {POSTPAID: ours("ANRT.MOB.POSTPAID"), PREPAID: None, TOTAL: ours("mobile_subscriptions")},
    }  # fmt: skip
    where = {"base": f"{publisher.base}/data/api/3/action", "package": PACKAGE, "resource": RESOURCE, "suffix": ".xlsx"}
    return declare(house, "anrt", options, {"from": "ckan", "options": where})


def test_the_workbook_behind_the_portal_becomes_statements(anrt: House) -> None:
    assert ask(anrt).outcome == attempts.NEW
    assert rows(anrt, "indicator, period_end::varchar, freq, obs_value, unit_mult, obs_status, published_on::varchar") == [
        ("ANRT.MOB.POSTPAID", "2006-03-31", "Q", None, 3, "O", "2026-03-02"),
        ("mobile_subscriptions", "2006-03-31", "Q", "12345.5", 3, "A", "2026-03-02"),
        ("ANRT.MOB.POSTPAID", "2013-12-31", "S", "2000.5", 3, "A", "2026-03-02"),
        ("mobile_subscriptions", "2013-12-31", "S", "42000.5", 3, "A", "2026-03-02"),
        ("ANRT.MOB.POSTPAID", "2020-12-31", "A", None, 3, "L", "2026-03-02"),
        ("mobile_subscriptions", "2020-12-31", "A", "49421", 3, "A", "2026-03-02"),
    ]
    assert ask(anrt).outcome == attempts.NOT_MODIFIED


def test_letters_that_move_with_their_columns_change_nothing(anrt: House, portal: Portal) -> None:
    ask(anrt)
    before = rows(anrt, "indicator, period_end, obs_value")
    portal.legend = {"A": PREPAID, "B": TOTAL, "C": POSTPAID}
    portal.header = ["C", "A", "B"]
    portal.etag = '"2"'
    assert ask(anrt).outcome == attempts.UNCHANGED
    assert set(rows(anrt, "indicator, period_end, obs_value")) == set(before)


@pytest.mark.parametrize(
    ("change", "outcome", "says"),
    [
        (
            lambda it: it.legend.update(H="Parc M2M (en milliers)"),
            attempts.DRIFTED,
            "new: ['Parc M2M (en milliers)']; gone: ['Parc prépayé",
        ),
        (lambda it: (it.header.append("M"), [row.append(1) for row in it.rows]), attempts.DRIFTED, "no legend"),
        (lambda it: it.legend.update(L="Parc total (en millions)"), attempts.DRIFTED, "(en millions)"),
        (lambda it: it.rows.append(["T13-2021", 1, 2, 3]), attempts.DRIFTED, "T13-2021"),
        (lambda it: it.rows.append(["T1-2021", "n.c.", 2, 3]), attempts.DRIFTED, "n.c."),
        (lambda it: it.rows.append(["T1-2021", "1.234,5", 2, 3]), attempts.DRIFTED, "1.234,5"),
        (lambda it: setattr(it, "resource", RESOURCE[:-1] + "9"), attempts.REFUSED, "is not there any more; the package has: "),
        (lambda it: setattr(it, "file_host", "http://169.254.169.254"), attempts.REFUSED, "another host"),
    ],
    ids=["renamed", "added", "unit", "period", "missing code", "marks", "replaced", "elsewhere"],
)
def test_what_changes_at_the_portal_stops_the_source_and_says_what(
    anrt: House, portal: Portal, change: Callable[[Portal], Any], outcome: str, says: str
) -> None:
    release = ask(anrt).release
    change(portal)
    portal.etag = '"2"'
    attempt = ask(anrt)
    assert (attempt.outcome, says in str(attempt.message)) == (outcome, True), attempt
    assert [path.name for path in release_paths(anrt.data_set(NAME))] == [release]


def test_an_error_envelope_is_said_in_the_portals_words(anrt: House) -> None:
    path = anrt.data_set(NAME).folder / DATASET_FILE
    path.write_text(path.read_text(encoding="utf-8").replace(PACKAGE, "no-such-package"), encoding="utf-8")
    attempt = ask(anrt)
    assert attempt.outcome == attempts.REFUSED
    assert "Not Found Error" in str(attempt.message)


def test_a_page_of_html_in_place_of_the_workbook_is_waited_out(anrt: House, publisher: Publisher) -> None:
    publisher.fault = Fault("html", 2)
    assert ask(anrt).outcome == attempts.NEW


def test_itu_answers_by_series_and_country(house: House) -> None:
    hub = DataHub()
    with Publisher(hub) as publisher:
        series = {"178": {"code": "i271"} | ours("mobile_subscriptions") | {"unit_mult": 0}}
        options = {"document": "le360-anrt-2023-annual", "country": "MAR", "ref_area": "MA", "series": series}
        live = declare(house, "itu", options, {"from": "itu", "options": {"base": f"{publisher.base}/v2"}})
        assert ask(live).outcome == attempts.NEW
        assert rows(live, "time_period, obs_value, publisher") == [("2022", "52939000", "itu"), ("2023", "55873000", "itu")]
        hub.series["178"] = ("i999", hub.series["178"][1])
        assert "which is not as declared" in str(ask(live).message)
        hub.series["178"] = ("i271", {})
        assert "knows no figure" in str(ask(live).message)
