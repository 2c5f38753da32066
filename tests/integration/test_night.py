"""The night: half past four in every year, a failed run told by Dagster's own sensors, staleness shown, a lock waited for."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import pytest
from dagster._core.definitions.sensor_definition import SensorType
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time
from dagster._daemon.freshness import FreshnessDaemon
from dagster._utils.schedules import schedule_execution_time_iterator

from pipelines import alerts
from pipelines.assets import data_sets
from pipelines.assets.warehouse import Warehouse
from pipelines.night import CRON, TIMEZONE, night_job, night_sensors, seen_fresh
from pipelines.quiet import instance_of
from pipelines.settings import Settings
from pipelines.warehouse import lock
from pipelines.warehouse.lock import WarehouseLocked
from tests.house import House

CASABLANCA = ZoneInfo(TIMEZONE)
FIRST, LAST = date(2024, 1, 1), date(2031, 12, 31)


def midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=CASABLANCA).timestamp()


def nights(cron: str) -> list[datetime]:
    """Every tick from 2024 to 2031 as Dagster's daemon reckons them."""
    ticks = schedule_execution_time_iterator(midnight(FIRST), cron, TIMEZONE, ascending=True)
    return list(takewhile(lambda tick: tick.timestamp() < midnight(LAST + timedelta(days=1)), ticks))


def comes_once(day: date, hour: int, minute: int) -> bool:
    """Whether this time of day comes exactly once on ``day`` in Casablanca."""
    moments = {
        datetime(day.year, day.month, day.day, hour, minute, tzinfo=CASABLANCA, fold=fold).astimezone(UTC) for fold in (0, 1)
    }
    return len(moments) == 1


DAYS = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]


def test_no_night_is_skipped_or_doubled_when_ramadan_changes_the_clock() -> None:
    ticks = [tick.astimezone(CASABLANCA) for tick in nights(CRON)]

    assert [tick.date() for tick in ticks] == DAYS
    assert {(tick.hour, tick.minute) for tick in ticks} == {(4, 30)}
    apart = [later.timestamp() - earlier.timestamp() for earlier, later in pairwise(ticks)]
    # Back for Ramadan and forward after it: eight of each in these years, and one more that begins in December 2031.
    assert sorted({round(gap / 3600) for gap in apart}) == [23, 24, 25]
    assert sum(gap > 86400 for gap in apart) >= 8
    assert sum(gap < 86400 for gap in apart) >= 8


def test_half_past_four_comes_once_every_night_and_half_past_two_does_not() -> None:
    assert [day for day in DAYS if not comes_once(day, 4, 30)] == []
    assert len([day for day in DAYS if not comes_once(day, 2, 30)]) >= 16


# What Dagster shows and tells


@dg.op
def break_down() -> None:
    raise dg.Failure("the figures do not add up", allow_retries=False)


@dg.op
def do_nothing() -> None:
    """As it says."""


@dg.job(name="refresh")
def failing() -> None:
    break_down()


@dg.job(name="refresh")
def working() -> None:
    do_nothing()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MARSAD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    monkeypatch.delenv("MARSAD_NOTIFY", raising=False)
    return Settings.from_environment()


@pytest.fixture
def instance(place: Settings) -> Iterator[dg.DagsterInstance]:
    with instance_of(place) as made:
        yield made


def evaluate(instance: dg.DagsterInstance, name: str, cursor: str | None) -> dg.SensorEvaluationContext:
    """One evaluation of the sensor ``name`` as the daemon asks for it, from ``cursor``."""
    [sensor] = [each for each in night_sensors(failing, night_job()) if each.name == name]
    repository = dg.Definitions(jobs=[failing], sensors=[sensor]).get_repository_def()
    with dg.build_sensor_context(instance, cursor=cursor, repository_def=repository) as context:
        sensor.evaluate_tick(context)
        return context


def test_a_failed_run_is_reported_by_its_sensor_and_the_good_one_after_it(place: Settings, instance: dg.DagsterInstance) -> None:
    failing_cursor = evaluate(instance, "refresh_failed", None).cursor
    good_cursor = evaluate(instance, "refresh_well_again", None).cursor

    done = failing.execute_in_process(instance=instance, raise_on_error=False)
    for _ in range(2):
        evaluate(instance, "refresh_failed", failing_cursor)
    [report] = alerts.reports(place)
    told = report.read_text(encoding="utf-8")
    assert "break_down: the figures do not add up" in told
    assert done.run_id in told

    working.execute_in_process(instance=instance)
    evaluate(instance, "refresh_well_again", good_cursor)
    assert [path.stem.split("__")[1] for path in alerts.reports(place)] == ["failed", "well_again"]


def test_the_staleness_sensor_counts_a_heartbeat(place: Settings) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        _look_twice(place, instance)


def _look_twice(place: Settings, instance: dg.DagsterInstance) -> None:
    assert seen_fresh(instance) is None
    before = datetime.now(UTC) - timedelta(seconds=2)
    instance.report_runless_asset_event(dg.AssetMaterialization(["publication"]))

    seen = seen_fresh(instance)

    assert seen is not None
    assert before < seen < datetime.now(UTC) + timedelta(seconds=2)
    [sensor] = [each for each in night_sensors(failing, night_job()) if each.name == "staleness"]
    assert sensor.sensor_type == SensorType.STANDARD
    with dg.build_sensor_context(instance) as context:
        said = sensor.evaluate_tick(context)
    assert said.skip_message == "nothing new to tell"
    assert json.loads((place.reports / "open.json").read_text())["watched_since"]


# Waiting for another run


def test_the_night_waits_for_another_writer_and_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.writer(path, "by hand"):
            held.set()
            let_go.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(10)
    began = time.monotonic()
    with pytest.raises(WarehouseLocked, match="by hand"), lock.writer(path, "night", 0.3):
        pass
    assert 0.3 <= time.monotonic() - began < 5
    threading.Timer(0.3, let_go.set).start()
    with lock.writer(path, "night", 10):
        assert json.loads(path.read_text())["run"] == "night"
    other.join()


# What Dagster shows of a publication that is too old


class _Workspace:
    """What the freshness daemon asks of a workspace: the graph of what is loaded, and the instance."""

    def __init__(self, instance: dg.DagsterInstance, definitions: dg.Definitions) -> None:
        self.instance = instance
        self.asset_graph = definitions.resolve_asset_graph()

    def create_request_context(self) -> LoadingContextForTest:
        context = LoadingContextForTest(self.instance)
        context.asset_graph = self.asset_graph  # type: ignore[attr-defined]
        return context


def test_dagsters_own_daemon_shows_a_stale_publication_as_failed() -> None:
    """The daemon's iteration over the promise of the publication, hours after a heartbeat."""

    @dg.asset(
        key="publication", freshness_policy=dg.FreshnessPolicy.time_window(fail_window=alerts.TOO_LATE, warn_window=alerts.LATE)
    )
    def published() -> None:
        """Never run here."""

    key = dg.AssetKey("publication")
    shown = []
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(key))
        for later in (timedelta(), alerts.LATE, alerts.TOO_LATE):
            with freeze_time(datetime.now(UTC) + later + timedelta(minutes=1)):
                workspace = _Workspace(instance, dg.Definitions([published]))
                list(FreshnessDaemon().run_iteration(workspace))  # type: ignore[arg-type]
            record = instance.get_freshness_state_records([key])[key]
            shown.append(record.freshness_state.value)

    assert shown == ["PASS", "WARN", "FAIL"]


# Trying again


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (OSError(errno.ESTALE, "Stale file handle"), True),
        (OSError(errno.ENOSPC, "No space left on device"), False),
        (PermissionError(errno.EACCES, "Permission denied"), False),
        (FileNotFoundError(errno.ENOENT, "No such file or directory"), False),
        (duckdb.IOException('IO Error: Could not set lock on file "x": Conflicting lock is held'), True),
        (duckdb.IOException("IO Error: Could not read from file: Input/output error"), True),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), False),
    ],
)
def test_what_passes_by_itself_is_told_from_what_does_not(error: OSError | duckdb.IOException, again: bool) -> None:
    assert data_sets.passes(error) is again


@pytest.mark.parametrize(("number", "tries"), [(errno.EIO, 3), (errno.ENOSPC, 1)])
def test_only_what_passes_by_itself_is_tried_again(
    number: int, tries: int, monkeypatch: pytest.MonkeyPatch, house: House
) -> None:
    calls = []

    def load(*_: Any) -> Any:
        calls.append(number)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(data_sets, "load", load)
    monkeypatch.setattr(data_sets, "_SECONDS_BETWEEN", 0.0)
    asset = data_sets.domain_assets("offshoring", [house.bring("offshoring/exports")])

    done = dg.materialize([asset], resources={"warehouse": Warehouse()}, raise_on_error=False)

    assert not done.success
    assert len(calls) == tries
