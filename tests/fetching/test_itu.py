"""ITU DataHub, optional and off: the declared series load as declared; a hub that wants a login, or changed, is refused in words."""

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
from tests.publishers import Publisher
from tests.publishers.itu_datahub import DataHub

NAME = "connectivity/itu_datahub"


@pytest.fixture
def hub() -> DataHub:
    return DataHub()


@pytest.fixture
def itu(house: House, hub: DataHub) -> Iterator[House]:
    with Publisher(hub) as publisher:
        change(house, lambda said: said["fetch"]["options"].update(base=f"{publisher.base}/v2"))
        yield house


def change(house: House, what: Callable[[dict[str, Any]], Any]) -> None:
    if not (house.settings.raw / NAME).exists():
        house.bring(NAME, releases=False)
    path = house.data_set(NAME).folder / DATASET_FILE
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    what(said)
    path.write_text(yaml.safe_dump(said, allow_unicode=True, sort_keys=False), encoding="utf-8")


def ask(house: House) -> Attempt:
    (attempt,) = fetch(house.settings, data_sets(house.settings.raw), names=[NAME], limits=QUICK)
    return attempt


def test_the_declared_series_are_asked_for_and_load(itu: House) -> None:
    assert fetch(itu.settings, data_sets(itu.settings.raw), limits=QUICK) == [], "off by default"
    attempt = ask(itu)
    assert (attempt.outcome, attempt.requests) == (attempts.NEW, 5), attempt
    assert itu.load(itu.data_set(NAME))[NAME].refused == {}
    assert itu.rows("select definition, time_period, obs_value, unit_measure, publisher from raw.observations order by all") == [
        ("IT.CEL.SETS@wdi", "2022", "52939000", "SUBSCRIPTIONS", "itu"),
        ("IT.CEL.SETS@wdi", "2023", "55873000", "SUBSCRIPTIONS", "itu"),
        ("IT.NET.USER.ZS@wdi", "2023", "91.0", "PERCENT", "itu"),
        ("ITU.FIX.SUBS@itu", "2022", "2645000", "SUBSCRIPTIONS", "itu"),
        ("ITU.MOB.BROADBAND@itu", "2023", "34500000", "SUBSCRIPTIONS", "itu"),
        ("ITU.MOB.PREPAID@itu", "2023", "48900000", "SUBSCRIPTIONS", "itu"),
    ]
    assert ask(itu).outcome == attempts.UNCHANGED


def test_what_changed_at_the_hub_stops_the_source(itu: House, hub: DataHub) -> None:
    ask(itu)
    values = hub.series["178"][1]
    hub.series["178"] = ("i992b", values)
    assert "which is not as declared" in str(ask(itu).message)
    hub.series["178"] = ("i271", {})
    assert "knows no figure" in str(ask(itu).message)
    hub.series["178"] = ("i271", {2023: "true"})
    assert ask(itu).outcome == attempts.DRIFTED
    assert len(release_paths(itu.data_set(NAME))) == 1


def test_a_series_whose_unit_is_not_sure_is_not_declared(house: House) -> None:
    assert "19303" not in house.bring(NAME, releases=False).options["series"]


def test_a_hub_that_wants_a_login_gets_the_token_and_never_has_it_printed(
    itu: House, hub: DataHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.token = "the-token-of-this-house"
    refused = ask(itu)
    assert (refused.outcome, refused.requests) == (attempts.REFUSED, 5)
    assert "answered 403" in str(refused.message)
    change(itu, lambda said: said["fetch"].update(secret={"header": "Authorization", "environment": "ITU_TOKEN"}))
    monkeypatch.setenv("ITU_TOKEN", "Bearer an-old-token")
    # The hub sends the header back in its refusal.
    refused = ask(itu)
    assert "answered 403" in str(refused.message)
    assert "an-old-token" not in str(refused.message)
    monkeypatch.setenv("ITU_TOKEN", "Bearer the-token-of-this-house")
    assert ask(itu).outcome == attempts.NEW
    assert not [path for path in itu.settings.data.rglob("*") if path.is_file() and b"-token" in path.read_bytes()]
