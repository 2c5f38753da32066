"""What Dagster loads and does with it: assets made from ``data/raw``, checks that block, jobs, the night, a single asset.

The graph is held against ``data/raw`` and the manifest, not against a copy of itself: a new data set needs no change here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.datasets import data_sets
from pipelines.definitions import definitions
from pipelines.night import nightly_schedule
from pipelines.quiet import instance_of
from pipelines.warehouse import lock
from tests.house import OBSERVATION, House, figures
from tests.integration.conftest import Whole
from tests.integration.life import Life
from tests.integration.running import CHECKOUT, at, copied, edit_seed

PUBLICATION = dg.AssetKey("publication")
DOMAINS = {
    "company_creation", "connectivity", "context", "e_service", "ecosystem", "offshoring", "skills", "strategy", "territory",
}  # fmt: skip
GROUPS = DOMAINS | {
    "raw", "staging", "intermediate", "quality", "marts_national", "marts_regional", "marts_strategy", "reference", "publication",
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(whole: Whole) -> dg.Definitions:
    with at(whole.settings.data):
        return definitions(whole.settings)


@pytest.fixture(scope="module")
def graph(loaded: dg.Definitions) -> Any:
    return loaded.resolve_asset_graph()


@pytest.fixture(scope="module")
def history(whole: Whole) -> Iterator[dg.DagsterInstance]:
    """Dagster's instance as ``marsad refresh`` of everything left it."""
    with at(whole.settings.data), instance_of(whole.settings) as instance:
        yield instance


def test_everything_loads_as_one_code_location(loaded: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(loaded)

    repository = loaded.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} - {"__ASSET_JOB"} == {"refresh", "night"} | {
        f"load_{name}" for name in DOMAINS
    }
    assert [schedule.name for schedule in repository.schedule_defs] == ["nightly_refresh"]
    assert {sensor.name for sensor in repository.sensor_defs} == {"refresh_failed", "refresh_well_again", "staleness", "inbox"}
    assert {sensor.default_status for sensor in repository.sensor_defs} == {dg.DefaultSensorStatus.RUNNING}


def test_every_data_set_is_an_asset_of_its_domain(whole: Whole, graph: Any) -> None:
    datasets = data_sets(whole.settings.raw)

    assert {dataset.domain for dataset in datasets} == DOMAINS
    for dataset in datasets:
        node = graph.get(dg.AssetKey(dataset.key))
        assert node.group_name == dataset.domain
        assert dataset.title["en"] in node.description
        assert node.owners == ["team:data-engineering"]
        assert node.kinds == {dataset.reader, "duckdb"}
        assert node.metadata["publisher"] == dataset.publisher
        assert (
            dg.AssetKey(["raw", {"observation": "observations", "target": "targets", "event": "events"}[dataset.kind]])
            in node.child_keys
        )
        assert {check.name for check in node.check_keys} == {"releases"} | ({"age"} if dataset.max_age_days else set())


def test_groups_owners_descriptions_and_kinds(graph: Any) -> None:
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]

    assert {node.group_name for node in nodes} == GROUPS
    assert [node.key for node in nodes if not node.description or not node.owners or "duckdb" not in node.kinds] == []
    assert [node.key for node in nodes if node.is_external or not node.is_materializable] == []


def test_the_publication_is_downstream_of_every_table_and_every_data_set(whole: Whole, graph: Any) -> None:
    upstream = dg.AssetSelection.assets(PUBLICATION).upstream().resolve(graph)

    assert upstream == graph.get_all_asset_keys()
    assert {dg.AssetKey(dataset.key) for dataset in data_sets(whole.settings.raw)} < upstream
    assert graph.get(PUBLICATION).child_keys == set()


def test_what_blocks_and_what_only_warns(graph: Any) -> None:
    blocking = {key: graph.get(key).blocking for key in graph.asset_check_keys}

    assert {key.name for key, blocks in blocking.items() if not blocks} == {"releases", "age"}
    assert {key.name for key, blocks in blocking.items() if blocks} >= {"raw_records", "contract"}
    for schema in ("staging", "marts", "quality"):
        for key in graph.get_all_asset_keys():
            if key.path[0] == schema:
                assert blocking[dg.AssetCheckKey(key, "contract")], key


def test_every_dbt_test_is_a_check(graph: Any) -> None:
    tests = {path.stem for path in (CHECKOUT / "dbt_project" / "tests").glob("*.sql")}

    assert tests
    assert {key.name for key in graph.asset_check_keys if key.name.startswith("assert_")} == tests


def test_the_publication_is_expected_every_night(graph: Any) -> None:
    policy = graph.get(PUBLICATION).freshness_policy

    assert timedelta(hours=24) < policy.warn_window.to_timedelta() < policy.fail_window.to_timedelta() < timedelta(days=3)


def test_jobs_run_in_one_process_and_know_their_part(whole: Whole, loaded: dg.Definitions) -> None:
    everything = loaded.resolve_job_def("refresh")
    assert everything.executor_def.name == "in_process"
    assert everything.asset_layer.executable_asset_keys == loaded.resolve_asset_graph().get_all_asset_keys()
    for domain in DOMAINS:
        job = loaded.resolve_job_def(f"load_{domain}")
        assert job.executor_def.name == "in_process"
        assert job.asset_layer.executable_asset_keys == {
            dg.AssetKey(dataset.key) for dataset in data_sets(whole.settings.raw) if dataset.domain == domain
        }


# What the refresh of everything left in Dagster


def test_the_run_is_in_dagsters_history(whole: Whole, history: dg.DagsterInstance, graph: Any) -> None:
    [run] = history.get_runs()

    assert run.status == dg.DagsterRunStatus.SUCCESS
    assert run.job_name == "refresh"
    assert {key for key in graph.get_all_asset_keys() if history.get_latest_materialization_event(key) is None} == set()


def test_tables_tell_rows_columns_and_a_preview(whole: Whole, history: dg.DagsterInstance) -> None:
    for table in ("marts/regional_indicators", "raw/observations", "reference/areas", "company_creation/ompic_barometer"):
        event = history.get_latest_materialization_event(dg.AssetKey(table.split("/")))
        assert event is not None
        assert event.asset_materialization is not None
        said = event.asset_materialization.metadata
        schema = said["dagster/column_schema"].value
        assert isinstance(schema, dg.TableSchema)
        assert said["dagster/row_count"].value > 0
        assert len(schema.columns) > 5
        assert str(said["preview"].value).startswith("|")
    event = history.get_latest_materialization_event(PUBLICATION)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["publication"].value == whole.settings.current.resolve().name


def test_every_check_was_made(whole: Whole, history: dg.DagsterInstance, graph: Any) -> None:
    summary = history.event_log_storage.get_asset_check_summary_records(list(graph.asset_check_keys))
    verdicts = {key: record.last_check_execution_record for key, record in summary.items()}

    assert [key for key, record in verdicts.items() if record is None] == []
    assert {key.name for key, record in verdicts.items() if record is not None and record.status.value != "SUCCEEDED"} <= {"age"}


# The night


def test_the_night_begins_at_half_past_four_in_casablanca(whole: Whole, loaded: dg.Definitions) -> None:
    schedule = loaded.resolve_schedule_def("nightly_refresh")
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert schedule.job_name == "night"
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 4 * * *", "Africa/Casablanca")


def night(loaded: dg.Definitions, data: Path, instance: dg.DagsterInstance) -> Any:
    schedule = nightly_schedule(loaded.resolve_job_def("night"))
    with at(data):
        context = dg.build_schedule_context(instance, scheduled_execution_time=datetime(2026, 11, 23, 3, 30, tzinfo=UTC))
        return schedule(context)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """An instance as a daemon has it, without any history."""
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        yield instance


def test_a_quiet_night_rests_and_leaves_a_heartbeat(whole: Whole, loaded: dg.Definitions, fresh: dg.DagsterInstance) -> None:
    said = night(loaded, whole.settings.data, fresh)

    assert isinstance(said, dg.SkipReason)
    assert whole.settings.current.resolve().name in str(said.skip_message)
    event = fresh.get_latest_materialization_event(PUBLICATION)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["publication"].value == whole.settings.current.resolve().name


def test_a_night_with_something_new_asks_for_a_run(
    life: Life, loaded: dg.Definitions, fresh: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> None:
    house = copied(life.house, tmp_path_factory.mktemp("new"))
    house.write(house.data_set("offshoring/exports"), "undated__new.csv", figures("observation", [OBSERVATION]))

    assert isinstance(night(loaded, house.settings.data, fresh), dg.RunRequest)
    assert fresh.get_latest_materialization_event(PUBLICATION) is None


# A part of it


@pytest.fixture(scope="module")
def parts(life: Life) -> House:
    """The small house once its life is told, to materialize single assets in: nothing here publishes."""
    return life.house


def run(house: House, job: str, *keys: str, instance: dg.DagsterInstance | None = None) -> dg.ExecuteInProcessResult:
    with at(house.settings.data):
        return (
            definitions(house.settings)
            .resolve_job_def(job)
            .execute_in_process(
                instance=instance,
                raise_on_error=False,
                asset_selection=[dg.AssetKey(key.split("/")) for key in keys] or None,
            )
        )


def test_a_domains_job_ends_in_the_draft(parts: House) -> None:
    added = OBSERVATION | {"time_period": "2026-01/2026-03", "obs_value": "4001"}
    parts.write(parts.data_set("company_creation/ompic_barometer"), "undated__new.csv", figures("observation", [added]))
    before = parts.settings.current.resolve()

    done = run(parts, "load_company_creation")

    assert done.success
    assert parts.settings.current.resolve() == before
    with duckdb.connect(parts.settings.draft, read_only=True) as draft:
        assert draft.execute("select obs_value from raw.observations where release = 'undated__new.csv'").fetchall() == [
            ("4001",)
        ]
    with duckdb.connect(parts.settings.published, read_only=True) as published:
        assert published.execute("select count(*) from raw.releases where release = 'undated__new.csv'").fetchall() == [(0,)]


def test_the_publication_refuses_marts_older_than_raw(parts: House) -> None:
    """Follows the test above: the barometer's slice is newer than every mart."""
    before = parts.settings.current.resolve()

    done = run(parts, "refresh", "publication")

    assert not done.success
    [failure] = [event.step_failure_data for event in done.all_events if event.is_step_failure]
    assert failure.user_failure_data is not None
    assert "older" in str(failure.user_failure_data.description) or "newer" in str(failure.user_failure_data.description)
    assert parts.settings.current.resolve() == before


@pytest.mark.parametrize("key", ["marts/strategy_targets", "staging/stg_observations", "offshoring/exports"])
def test_a_single_asset_ends_in_the_draft(parts: House, key: str) -> None:
    before = parts.settings.current.resolve()

    with dg.DagsterInstance.ephemeral() as instance:
        done = run(parts, "refresh", key, instance=instance)

        assert done.success, [str(event.message) for event in done.all_events if event.is_failure]
        assert [event.asset_key.to_user_string() for event in done.get_asset_materialization_events()] == [key]
    assert parts.settings.current.resolve() == before


def test_a_run_from_anywhere_respects_the_lock(parts: House) -> None:
    with lock.writer(parts.settings.lock, "somebody else"):
        done = run(parts, "load_strategy")

    assert not done.success
    assert "somebody else" in " ".join(str(event.event_specific_data) for event in done.all_events if event.is_failure)


def test_a_failing_dbt_test_blocks_the_publication(parts: House) -> None:
    """A unit loses its Arabic label: the test of labels, and of the tables it is about, in one run with the publication."""
    edit_seed(parts.settings.seeds / "units.csv", "COMPANIES", label_ar=" ")
    labelled = (
        "areas", "area_groups", "code_lists", "datasets", "definitions", "index_components", "index_pillars", "indicators",
        "progress_classes", "publishers", "strategies", "units",
    )  # fmt: skip
    before = parts.settings.current.resolve()

    done = run(parts, "refresh", *(f"reference/{name}" for name in labelled), "marts/strategy_timeline", "publication")

    assert not done.success
    verdicts = {each.check_name: (each.passed, each.severity) for each in done.get_asset_check_evaluations()}
    assert verdicts["assert_labels_are_complete"] == (False, dg.AssetCheckSeverity.ERROR)
    assert PUBLICATION not in [event.asset_key for event in done.get_asset_materialization_events()]
    assert parts.settings.current.resolve() == before
