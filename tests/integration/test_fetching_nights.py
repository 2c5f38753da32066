"""Nights that ask everybody: one source fails and the rest is published; all fail and nothing changes; what is new is published once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from pipelines.datasets import DATASET_FILE
from pipelines.fetching import attempts
from pipelines.night import night_job
from tests.house import DATA, House
from tests.integration.life import Life
from tests.integration.running import ask, at, checksums, marsad
from tests.publishers import Fault, Publisher, declared
from tests.publishers.data_gov_ma import UNNAMED, Portal
from tests.publishers.hcp import Site
from tests.publishers.itu_datahub import DataHub
from tests.publishers.ministry import Ministry
from tests.publishers.un_egovkb import DataCenter
from tests.publishers.world_bank import WorldBank

BANK, ANRT, ITU, UN = (
    "company_creation/world_bank_api_entrepreneurship",
    "connectivity/anrt_open_mobile",
    "connectivity/itu_datahub",
    "e_service/un_egovkb",
)
HCP = declared.HCP
MINISTRY = tuple(f"company_creation/ministry_{form}" for form in declared.FORMS)
CLOSED = "company_creation/ministry_closed"
ALL = {BANK, ANRT, ITU, UN, HCP, *MINISTRY}
NOT_FOUND, FORBIDDEN, ELSEWHERE = Fault("status", status=404), Fault("status", status=403), "http://169.254.169.254/"
SERIES = {
    "IC.BUS.NDNS.ZS": ("New business density (new registrations per 1,000 people ages 15-64)", {2024: "3.01"}),
    "IC.BUS.NREG": ("New businesses registered (number)", {2024: "70001"}),
}


# Two dozen CPU seconds for eight sources at six publishers; each source by itself is asked in tests/fetching every time.
pytestmark = pytest.mark.long


@dataclass
class Live:
    """The small house itself, published, with every kind of source that is asked, each at a server of its own. These tests come
    last: in a copy dbt would read its whole project anew.
    """

    house: House
    publishers: dict[str, Publisher]

    def faults(self, **of: Fault) -> None:
        """Who has a bad day, by name; all others are well again."""
        for name, publisher in self.publishers.items():
            publisher.fault = of.get(name)

    @property
    def current(self) -> str:
        return self.house.settings.current.resolve().name

    def kept(self) -> dict[str, str]:
        """Every byte under the raw folder."""
        return checksums(self.house.settings.raw)


@pytest.fixture(scope="module")
def live(life: Life) -> Iterator[Live]:
    house = life.house
    # Other tests worked in it too, some with a seed that is wrong on purpose.
    shutil.copytree(DATA / "seeds", house.settings.seeds, dirs_exist_ok=True)
    portal = Portal()
    answers: dict[str, Any] = {
        "bank": WorldBank(SERIES),  # type: ignore[arg-type]
        "portal": portal, "hub": DataHub(), "hcp": Site(), "un": DataCenter(), "ministry": Ministry(),
    }  # fmt: skip
    with ExitStack() as open_, pytest.MonkeyPatch.context() as environment:
        publishers = {name: open_.enter_context(Publisher(answer)) for name, answer in answers.items()}
        base = {name: publisher.base for name, publisher in publishers.items()}
        portal.base = base["portal"]
        for name, change in (
            (BANK, {"options": {"base": f"{base['bank']}/v2"}}),
            (ANRT, {"options": {"base": f"{base['portal']}/data/api/3/action"}}),
            (ITU, {"options": {"base": f"{base['hub']}/v2"}}),
            (UN, {"from": "file", "options": {"url": f"{base['un']}/export.csv", "suffix": ".csv"}}),
        ):
            said = yaml.safe_load((DATA / "raw" / name / DATASET_FILE).read_text(encoding="utf-8"))
            fetched = said.get("fetch", {})
            options = fetched.get("options", {}) | change["options"]
            said["fetch"] = fetched | change | {"options": options, "enabled": True}
            if name == ANRT:
                said["options"]["columns"] |= dict.fromkeys(UNNAMED)
            declared.write(house.settings.raw, name, said)
        for name, said in (declared.hcp(base["hcp"]), *(declared.ministry(form, base["ministry"]) for form in declared.FORMS)):
            declared.write(house.settings.raw, name, said)
        _, said = declared.ministry("csv", base["ministry"])
        declared.write(house.settings.raw, CLOSED, said | {"out_of_service": "since 2026-11, the site is closed"})
        environment.delenv("MARSAD_OFFLINE")
        yield Live(house, publishers)


def outcomes(fetched: list[dict[str, Any]]) -> dict[str, str]:
    return {each["dataset"]: each["outcome"] for each in fetched}


def test_one_that_fails_stops_nothing_and_what_is_new_is_published(live: Live) -> None:
    before = live.current
    live.faults(hcp=NOT_FOUND)

    said = marsad(live.house.settings.data, "refresh", "--fetch", "--json")

    assert said.code == 4, said.err
    assert outcomes(said.json["fetched"]) == dict.fromkeys(ALL, "NEW") | {HCP: "REFUSED", CLOSED: "SKIPPED"}
    assert live.current != before
    told = ask(
        live.house.settings,
        "select indicator, value::double, document from marts.national_indicators where (indicator, period) in "
        "(('IC.BUS.NREG', '2024'), ('mobile_subscriptions', '2023'), ('IT.CEL.SETS', '2023'), ('egdi_score', '2018')) order by 1",
    )
    assert told == [
        ("IC.BUS.NREG", 70001, "world-bank-api-wdi"),
        ("IT.CEL.SETS", 55873000, "itu-datahub"),
        ("egdi_score", 0.5214, "un-egovkb-data-center"),
        ("mobile_subscriptions", 55870000, "data-gov-ma-anrt-mobile"),
    ]
    health = dict(ask(live.house.settings, "select dataset, statements from quality.source_health"))
    assert {name: health[name] for name in (*ALL, CLOSED)} == dict.fromkeys(MINISTRY, 2) | {
        BANK: 2, ANRT: 9, ITU: 6, UN: 6, HCP: 0, CLOSED: 0,
    }  # fmt: skip


def test_when_all_fail_nothing_changes_and_the_code_says_so(live: Live) -> None:
    before, kept = live.current, live.kept()
    redirect = Fault("redirect", location=ELSEWHERE)
    live.faults(bank=NOT_FOUND, portal=redirect, hub=FORBIDDEN, hcp=redirect, un=NOT_FOUND, ministry=FORBIDDEN)

    said = marsad(live.house.settings.data, "refresh", "--fetch")

    assert (said.code, live.current) == (9, before)
    assert "none of the 8 sources gave anything" in said.err
    assert live.kept() == kept
    status = marsad(live.house.settings.data, "status", "--json").json
    asked = {each["dataset"]: each for each in status["sources"] if each["fetch_last_attempt"]}
    assert asked.keys() == ALL
    assert asked[BANK]["fetch_failing"] == 1
    assert asked[BANK]["fetch_last_success"] is not None


def test_an_analyst_sees_in_sql_what_came_of_asking(live: Live) -> None:
    log = live.house.settings.warehouse / "fetches.jsonl"
    found = ask(
        live.house.settings,
        "select dataset, strftime(last_attempt, '%Y-%m-%dT%H:%M:%S+00:00'), strftime(last_success, '%Y-%m-%dT%H:%M:%S+00:00'), "
        "failing, message, last_outcome from sources_asked($log) where last_attempt is not null",
        {"log": str(log)},
    )
    known = attempts.health(live.house.settings)
    assert {name for name, *_ in found} == ALL
    for name, attempt, success, failing, message, outcome in found:
        health = known[name]
        assert (attempt, success, failing, message) == (
            health.last_attempt, health.last_success, health.failing, health.message,
        )  # fmt: skip
        assert outcome == "REFUSED"
    never = "select dataset from sources_asked($log) where last_change is null and last_attempt is not null"
    assert ask(live.house.settings, never, {"log": str(log)}) == [(HCP,)]
    closed = "select dataset, out_of_service from quality.source_health where out_of_service is not null"
    assert ask(live.house.settings, closed) == [(CLOSED, "since 2026-11, the site is closed")]


def test_the_night_fails_when_all_fail_and_rests_when_nothing_is_new(live: Live, tmp_path: Path) -> None:
    before = live.current
    with at(live.house.settings.data), dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        live.faults(**dict.fromkeys(live.publishers, NOT_FOUND))
        failed = night_job().execute_in_process(instance=instance, raise_on_error=False)
        assert not failed.success
        live.faults(hcp=NOT_FOUND)
        kept = live.kept()
        assert night_job().execute_in_process(instance=instance).success
        page = instance.get_event_records(
            dg.EventRecordsFilter(dg.DagsterEventType.ASSET_OBSERVATION, asset_key=dg.AssetKey(BANK.split("/"))), limit=2
        )
    assert live.current == before
    assert live.kept() == kept
    log = (live.house.settings.warehouse / "fetches.jsonl").read_text(encoding="utf-8").splitlines()
    last = {said["dataset"]: said["outcome"] for said in map(json.loads, log[-len(ALL) - 1 :])}
    assert last == dict.fromkeys(ALL, "UNCHANGED") | {HCP: "REFUSED", ANRT: "NOT_MODIFIED", CLOSED: "SKIPPED"}
    # What came of it stands on the data set's own page, newest first.
    seen = [record.asset_observation for record in page]
    assert [each and each.metadata["outcome"].value for each in seen] == ["UNCHANGED", "REFUSED"]
    assert [each and each.metadata["failures since"].value for each in seen] == [0, 2]


def test_asked_alone_it_files_and_publishes_nothing(live: Live) -> None:
    before = live.current
    live.faults()

    said = marsad(live.house.settings.data, "fetch", "--dataset", HCP, "--json")

    assert (said.code, said.json[0]["outcome"], live.current) == (0, "NEW", before)
    assert "is fetched from nowhere" in marsad(live.house.settings.data, "fetch", "--dataset", "offshoring/exports").error
