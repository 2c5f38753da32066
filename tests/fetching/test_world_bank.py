"""The World Bank's API: every page and series in one vintage, numbers as printed, and what is not as declared refused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
import yaml

from pipelines.datasets import DATASET_FILE, data_sets, read_sidecar, release_paths
from pipelines.fetching import attempts
from pipelines.fetching.attempts import Attempt
from pipelines.fetching.run import fetch
from tests.fetching.test_fetching import QUICK
from tests.house import House
from tests.publishers import Asked, Fault, Publisher, Reply
from tests.publishers.world_bank import WorldBank, aggregate

NAME = "company_creation/world_bank_api_entrepreneurship"
DENSITY, NUMBER = "IC.BUS.NDNS.ZS", "IC.BUS.NREG"


@pytest.fixture
def bank() -> WorldBank:
    return WorldBank(
        {
            DENSITY: (
                "New business density (new registrations per 1,000 people ages 15-64)",
                {2020: "1.91", 2021: None, 2022: "2.56944"},
            ),
            NUMBER: ("New businesses registered (number)", {1960: None, 2006: "15677", 2022: "6.3343E4"}),
        }
    )


@pytest.fixture
def publisher(bank: WorldBank) -> Iterator[Publisher]:
    with Publisher(bank) as serving:
        yield serving


@pytest.fixture
def live(house: House, publisher: Publisher) -> House:
    """A house with one data set that is fetched from the publisher above; the rest of its dataset.yml is the real one."""
    data_set = house.bring(NAME, releases=False)
    path = data_set.folder / DATASET_FILE
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said["fetch"]["options"]["base"] = f"{publisher.base}/v2"
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return house


def ask(house: House) -> Attempt:
    (attempt,) = fetch(house.settings, data_sets(house.settings.raw), limits=QUICK)
    return attempt


def rows(house: House) -> list[tuple[object, ...]]:
    house.load(house.data_set(NAME))
    return house.rows(
        "select indicator, time_period, obs_value, obs_status, published_on::varchar from raw.observations order by all"
    )


EXPECTED = [
    (DENSITY, "2020", "1.91", "A", "2026-10-07"),
    (DENSITY, "2021", None, "O", "2026-10-07"),
    (DENSITY, "2022", "2.56944", "A", "2026-10-07"),
    (NUMBER, "2006", "15677", "A", "2026-10-07"),
    (NUMBER, "2022", "63343", "A", "2026-10-07"),
]


def test_every_series_and_year_of_the_country_in_one_vintage(live: House, bank: WorldBank) -> None:
    bank.beside = [aggregate(NUMBER, bank.series[NUMBER][0], 2022, "1")]
    assert ask(live).outcome == attempts.NEW
    assert rows(live) == EXPECTED


def test_all_pages_are_asked_for(live: House, bank: WorldBank, publisher: Publisher) -> None:
    bank.most_per_page = 2
    attempt = ask(live)
    assert (attempt.outcome, attempt.requests) == (attempts.NEW, 4)
    assert rows(live) == EXPECTED
    (path,) = release_paths(live.data_set(NAME))
    assert [answer["status"] for answer in read_sidecar(path)["fetched"]] == [200] * 4


def test_a_new_vintage_with_the_same_values_is_no_revision(live: House, bank: WorldBank) -> None:
    ask(live)
    bank.updated = "2026-11-20"
    assert ask(live).outcome == attempts.UNCHANGED
    bank.series[NUMBER][1][2022] = "63344"
    assert ask(live).outcome == attempts.NEW
    assert (NUMBER, "2022", "63344", "A", "2026-11-20") in rows(live)
    assert (NUMBER, "2022", "63343", "A", "2026-10-07") in rows(live)


def test_its_sporadic_400_with_a_page_passes(live: House, publisher: Publisher) -> None:
    publisher.fault = Fault("status", 1, status=400)
    assert ask(live).outcome == attempts.NEW


def test_an_archived_series_refuses_the_source_and_one_marked_retired_is_not_asked(live: House, bank: WorldBank) -> None:
    ask(live)
    bank.archived = {DENSITY}
    attempt = ask(live)
    assert attempt.outcome == attempts.REFUSED
    assert DENSITY in str(attempt.message)
    assert "Invalid value" in str(attempt.message)
    path = live.data_set(NAME).folder / DATASET_FILE
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    said["options"]["series"][DENSITY]["retired"] = True
    path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    assert ask(live).outcome == attempts.NEW
    # What was kept of it before can still be read.
    assert set(EXPECTED) <= set(rows(live))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda bank: bank.series.update({NUMBER: ("New firms", bank.series[NUMBER][1])}), "does it still measure the same"),
        (lambda bank: setattr(bank, "database", "57"), "is from database '57'"),
        (lambda bank: bank.series.update({NUMBER: (bank.series[NUMBER][0], {2022: None})}), f"no value of {NUMBER}"),
        (lambda bank: bank.series[NUMBER][1].update({2022: "true"}), "no number"),
    ],
    ids=["name", "database", "emptied", "text"],
)
def test_what_changes_its_meaning_stops_the_source(live: House, bank: WorldBank, change: object, says: str) -> None:
    release = ask(live).release
    change(bank)  # type: ignore[operator]
    attempt = ask(live)
    assert attempt.outcome == attempts.DRIFTED, attempt
    assert says in str(attempt.message)
    assert f"the last release that fits is {release}" in str(attempt.message)
    assert [path.name for path in release_paths(live.data_set(NAME))] == [release]


def _always(said: Reply, asked: Asked) -> Reply:
    return said


def test_an_answer_of_any_other_shape_is_the_sources_failure_and_nobody_elses(live: House, publisher: Publisher) -> None:
    header = '{"page": 1, "pages": 1, "sourceid": "2", "lastupdated": "2026-10-07"}'
    row = '"country": {"id": "MA"}, "date": "2022", "value": 1}'
    shapes = [
        "[]", "null", "7", "[[], []]", '[{"message": "x"}]', '[{"message": "x"}, []]', '[{"pages": "many"}, []]', "[" * 100_000,
        '[{"pages": 1, "sourceid": "2", "lastupdated": "soon"}, []]', f"[{header}, 5]", f"[{header}, [5]]",
        f'[{header}, {{"rows": []}}]', f'[{header}, [{{"indicator": {{"id": ["a"], "value": "b"}}, {row}]]',
        f'[{header}, [{{"indicator": {{"id": "a", "value": 5}}, {row}]]',
    ]  # fmt: skip
    for shape in shapes:
        said = Reply(shape.encode(), content_type="application/json")
        publisher.answer = partial(_always, said)
        attempt = ask(live)
        assert attempt.outcome in (attempts.REFUSED, attempts.UNANSWERED, attempts.DRIFTED), (shape[:60], attempt)
    assert release_paths(live.data_set(NAME)) == []
