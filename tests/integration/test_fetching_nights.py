"""Nights that ask: one source fails and the rest is published; all fail and nothing changes; what is new is published once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import yaml

from pipelines.datasets import DATASET_FILE
from pipelines.night import night_job
from tests.house import DATA, OBSERVATION, House, figures
from tests.integration.life import Life
from tests.integration.running import at, marsad
from tests.publishers import Fault, Publisher, Reply
from tests.publishers.world_bank import WorldBank

BANK, FILE = "company_creation/world_bank_api_entrepreneurship", "company_creation/a_ministry"


@dataclass
class Live:
    """The small house itself, published, with two sources that are asked: a bank and a ministry's file. These tests come last:
    in a copy dbt would read its whole project anew.
    """

    house: House
    bank: Publisher
    ministry: Publisher

    def faults(self, bank: Fault | None, ministry: Fault | None) -> None:
        self.bank.fault, self.ministry.fault = bank, ministry

    @property
    def current(self) -> str:
        return self.house.settings.current.resolve().name


@pytest.fixture(scope="module")
def live(life: Life) -> Iterator[Live]:
    series = {
        "IC.BUS.NDNS.ZS": ("New business density (new registrations per 1,000 people ages 15-64)", {2024: "3.01"}),
        "IC.BUS.NREG": ("New businesses registered (number)", {2024: "70001"}),
    }
    rows = figures("observation", [OBSERVATION | {"obs_value": "3389"}])
    house = life.house
    # Other tests worked in it too, some with a seed that is wrong on purpose.
    shutil.copytree(DATA / "seeds", house.settings.seeds, dirs_exist_ok=True)
    with Publisher(WorldBank(series)) as bank, Publisher(lambda _: Reply(rows, content_type="text/csv")) as ministry:  # type: ignore[arg-type]
        said = yaml.safe_load((DATA / "raw" / BANK / DATASET_FILE).read_text(encoding="utf-8"))
        said["fetch"]["options"]["base"] = f"{bank.base}/v2"
        _write(house, BANK, said)
        said |= {"reader": "figures", "publisher": "ompic", "options": {}}
        said["fetch"] = {"from": "file", "options": {"url": f"{ministry.base}/a.csv", "suffix": ".csv"}}
        _write(house, FILE, said)
        with pytest.MonkeyPatch.context() as environment:
            environment.delenv("MARSAD_OFFLINE")
            yield Live(house, bank, ministry)


def _write(house: House, name: str, said: object) -> None:
    folder = house.settings.raw / name
    folder.mkdir(parents=True)
    (folder / DATASET_FILE).write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")


def test_one_that_fails_stops_nothing_and_what_is_new_is_published(live: Live) -> None:
    before = live.current
    live.faults(None, Fault("status", status=404))

    said = marsad(live.house.settings.data, "refresh", "--fetch", "--json")

    assert said.code == 4, said.err
    outcomes = {each["dataset"]: each["outcome"] for each in said.json["fetched"]}
    assert outcomes == {BANK: "NEW", FILE: "REFUSED"}
    assert live.current != before
    with duckdb.connect(live.house.settings.published.resolve(), read_only=True) as connection:
        told = connection.execute(
            "select value::integer, document from marts.national_indicators where indicator = 'IC.BUS.NREG' and period = '2024'"
        ).fetchall()
    assert told == [(70001, "world-bank-api-wdi")]


def test_when_all_fail_nothing_changes_and_the_code_says_so(live: Live) -> None:
    before = live.current
    live.faults(Fault("status", status=404), Fault("redirect", location="http://169.254.169.254/"))

    said = marsad(live.house.settings.data, "refresh", "--fetch")

    assert (said.code, live.current) == (9, before)
    assert "none of the 2 sources gave anything" in said.err
    status = marsad(live.house.settings.data, "status", "--json").json
    asked = {each["dataset"]: each for each in status["sources"] if each["fetch_last_attempt"]}
    assert asked[BANK]["fetch_failing"] == 1
    assert asked[BANK]["fetch_last_success"] is not None


def test_the_night_fails_when_all_fail_and_rests_when_nothing_is_new(live: Live, tmp_path: Path) -> None:
    before = live.current
    with at(live.house.settings.data), dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        live.faults(Fault("status", status=404), Fault("status", status=404))
        failed = night_job().execute_in_process(instance=instance, raise_on_error=False)
        assert not failed.success
        live.faults(None, Fault("status", status=404))
        assert night_job().execute_in_process(instance=instance).success
    assert live.current == before
    log = (live.house.settings.warehouse / "fetches.jsonl").read_text(encoding="utf-8").splitlines()
    last = {said["dataset"]: said["outcome"] for said in map(json.loads, log[-2:])}
    assert last == {BANK: "UNCHANGED", FILE: "REFUSED"}


def test_asked_alone_it_files_and_publishes_nothing(live: Live) -> None:
    before = live.current
    live.faults(None, None)

    said = marsad(live.house.settings.data, "fetch", "--dataset", FILE, "--json")

    assert (said.code, said.json[0]["outcome"], live.current) == (0, "NEW", before)
    assert "is fetched from nowhere" in marsad(live.house.settings.data, "fetch", "--dataset", "offshoring/exports").error
