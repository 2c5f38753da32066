"""Old runs leave Dagster's history, and nothing that a page shows goes with them."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType

from pipelines.errors import BadInput
from pipelines.quiet import instance_of
from pipelines.retention import HISTORY_DAYS, forget, history_days
from pipelines.settings import Settings
from tests.integration.history import make_old

DAYS = 30
KEPT = dg.AssetKey("kept")


@dg.asset
def kept() -> None:
    """Made by the first run alone."""


@dg.asset(check_specs=[dg.AssetCheckSpec("good", asset="often")])
def often() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@dg.op
def break_down() -> None:
    raise dg.Failure("the figures do not add up", allow_retries=False)


@dg.job
def failing() -> None:
    break_down()


def forgets_what_is_old_and_shown_nowhere(instance: dg.DagsterInstance) -> dict[str, str]:
    """Old: a run that alone made an asset, two that made another, one that failed, one that waits. New: one. Two must go."""

    def make(*assets: dg.AssetsDefinition) -> str:
        return dg.materialize(assets, instance=instance).run_id

    runs = {"only": make(kept, often), "between": make(often), "last": make(often)}
    runs["failed"] = failing.execute_in_process(instance=instance, raise_on_error=False).run_id
    runs["waiting"] = instance.create_run_for_job(failing).run_id
    make_old(instance, DAYS - 1)
    assert forget(instance, DAYS) == 0
    make_old(instance, DAYS + 1)
    runs["new"] = failing.execute_in_process(instance=instance, raise_on_error=False).run_id
    before = {key: instance.get_latest_materialization_event(key) for key in (KEPT, often.key)}

    assert forget(instance, DAYS) == 2

    left = {run.run_id for run in instance.get_runs()}
    assert {name for name, run in runs.items() if run in left} == {"only", "last", "waiting", "new"}
    assert all(instance.all_logs(runs[name]) for name in ("only", "last", "new"))
    assert {key: instance.get_latest_materialization_event(key) for key in before} == before
    made = instance.fetch_materializations(often.key, limit=10).records
    assert {record.run_id for record in made} == {runs["only"], runs["last"]}
    [verdict] = instance.event_log_storage.get_asset_check_summary_records([dg.AssetCheckKey(often.key, "good")]).values()
    assert verdict.last_check_execution_record is not None
    assert verdict.last_check_execution_record.run_id == runs["last"]
    assert forget(instance, DAYS) == 0
    return runs


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("MARSAD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("DAGSTER_HOME", "")
    with instance_of(Settings.from_environment()) as made:
        yield made


def test_in_sqlite_the_files_of_old_runs_go_too(instance: dg.DagsterInstance) -> None:
    runs = forgets_what_is_old_and_shown_nowhere(instance)

    folder = Settings.from_environment().dagster_home / "history" / "runs"
    files = {path.name for path in folder.iterdir() if "." in path.name}
    assert {name.partition(".")[0] for name in files} >= {runs["only"], runs["last"], runs["new"]}
    assert not [name for name in files if name.startswith((runs["between"], runs["failed"]))]


def test_a_run_that_is_going_stays(instance: dg.DagsterInstance) -> None:
    @dg.op
    def look(context: dg.OpExecutionContext) -> int:
        make_old(context.instance, DAYS + 1)
        return forget(context.instance, DAYS)

    @dg.job
    def going() -> None:
        look()

    done = going.execute_in_process(instance=instance)

    assert done.output_for_node("look") == 0
    assert [run.run_id for run in instance.get_runs()] == [done.run_id]


@pytest.mark.parametrize("said", ["0", "-1", "1.5", "a month", "²"])
def test_days_that_are_none_are_refused(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(HISTORY_DAYS, said)

    with pytest.raises(BadInput, match=HISTORY_DAYS):
        history_days()


def test_ticks_of_schedule_and_sensors_end_with_the_runs(monkeypatch: pytest.MonkeyPatch, instance: dg.DagsterInstance) -> None:
    monkeypatch.setenv(HISTORY_DAYS, "5")
    with instance_of(Settings.from_environment()) as shorter:
        for kind in (InstigatorType.SCHEDULE, InstigatorType.SENSOR):
            assert set(shorter.get_tick_retention_settings(kind).values()) == {5}
    assert sorted(set(instance.get_tick_retention_settings(InstigatorType.SENSOR).values())) == [7, 90]
