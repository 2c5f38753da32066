"""Dagster's history in PostgreSQL: a cluster of the test's own, started and stopped by it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest

from pipelines.errors import BadInput
from pipelines.quiet import POSTGRES, instance_of, prepare_dagster_home
from pipelines.settings import Settings
from tests.faults.warm import Warm
from tests.house import House
from tests.integration.running import at, marsad
from tests.test_retention import forgets_what_is_old_and_shown_nowhere

PASSWORD = "pass word/of the test"


def _programs() -> Path | None:
    """Where Debian keeps the server's programs, or wherever they are found first."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).parent
    return next((path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server on a socket in a folder of its own, with a password; it does not run as root."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: postgresql)")
    place = tmp_path_factory.mktemp("postgres")
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    if user:
        os.chown(place, 65534, 65534)
        for parent in list(place.parents)[:2]:
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH)
    (place / "password").write_text(PASSWORD)
    (place / "password").chmod(0o644)

    def run(program: str, *arguments: str) -> None:
        said = subprocess.run([programs / program, *arguments], cwd=place, capture_output=True, text=True, **user)  # type: ignore[call-overload]
        assert said.returncode == 0, said.stdout + said.stderr

    cluster = str(place / "cluster")
    run("initdb", "-D", cluster, "-U", "marsad", "--pwfile", str(place / "password"), "-A", "scram-sha-256", "-N")
    run("pg_ctl", "-D", cluster, "-w", "-l", str(place / "log"), "-o", f"-k {place} -c listen_addresses='' -c fsync=off", "start")
    try:
        yield f"postgresql://marsad:{quote(PASSWORD, safe='')}@/postgres?host={quote(str(place), safe='')}"
    finally:
        run("pg_ctl", "-D", cluster, "-m", "immediate", "-w", "stop")


@pytest.mark.long
def test_the_whole_history_is_kept_in_postgresql(warm: Warm, besieged: House, address: str) -> None:
    data, settings = besieged.settings.data, besieged.settings
    shutil.rmtree(settings.dagster_home)

    refreshed = warm.run(data, "refresh", "--json", **{POSTGRES: address})
    rested = warm.run(data, "refresh", "--json", **{POSTGRES: address})

    assert refreshed.code == rested.code == 0, refreshed.err + rested.err
    assert refreshed.json["publication"].startswith("000002-")
    assert rested.json["rested"] is not None
    assert sorted(path.name for path in settings.dagster_home.rglob("*") if path.suffix == ".db") == []
    with at(data), pytest.MonkeyPatch.context() as environment:
        environment.setenv(POSTGRES, address)
        with instance_of(settings) as instance:
            assert "Postgres" in type(instance.event_log_storage).__name__
            [run] = instance.get_runs()
            assert run.status == dg.DagsterRunStatus.SUCCESS
            latest = instance.get_latest_materialization_event(dg.AssetKey("publication"))
            assert latest is not None
            # The heartbeat came after the run.
            assert latest.run_id == ""
    said = "".join(each.out + each.err for each in (refreshed, rested))
    for path in settings.warehouse.rglob("*"):
        if path.is_file() and path.suffix != ".duckdb":
            said += path.read_bytes().decode(errors="replace")
    assert PASSWORD not in said
    assert quote(PASSWORD, safe="") not in said


@pytest.mark.long
def test_old_runs_leave_postgresql_as_they_leave_sqlite(house: House, address: str) -> None:
    with at(house.settings.data), pytest.MonkeyPatch.context() as environment:
        environment.setenv(POSTGRES, address)
        with instance_of(house.settings) as instance:
            # Another test's refresh stands in the same database.
            for run in instance.get_runs():
                instance.delete_run(run.run_id)
            runs = forgets_what_is_old_and_shown_nowhere(instance)
            assert [name for name in ("between", "failed") if instance.all_logs(runs[name])] == []


@pytest.mark.long
def test_a_server_that_is_gone_is_one_line_without_the_password(warm: Warm, besieged: House) -> None:
    gone = f"postgresql://marsad:{quote(PASSWORD, safe='')}@/postgres?host={quote(str(besieged.settings.data), safe='')}"

    said = warm.run(besieged.settings.data, "refresh", **{POSTGRES: gone})

    assert said.code == 1
    # Dagster's library warns of each attempt before; the last word is ours.
    told = said.err[said.err.index("marsad: ") :]
    assert "Dagster's history" in told
    assert "No such file" in told
    assert "Traceback" not in said.err
    assert quote(PASSWORD, safe="") not in said.err
    assert PASSWORD not in said.err


# Which storage, and where


def prepared(settings: Settings, address: str = "") -> str:
    with at(settings.data), pytest.MonkeyPatch.context() as environment:
        environment.setenv(POSTGRES, address)
        return (prepare_dagster_home(settings) / "dagster.yaml").read_text(encoding="utf-8")


def test_the_variable_comes_and_goes_and_the_file_follows(house: House) -> None:
    sqlite, postgres = prepared(house.settings), prepared(house.settings, "postgresql://marsad:secret@/postgres")

    assert "pipelines.event_log" in sqlite
    assert str(house.settings.dagster_home) in sqlite
    assert f"env: {POSTGRES}" in postgres
    assert "pipelines.event_log" not in postgres
    assert "secret" not in postgres
    assert prepared(house.settings) == sqlite


def test_a_warehouse_that_moved_takes_its_history_along(house: House, tmp_path: Path) -> None:
    prepared(house.settings)
    house.settings.data.rename(tmp_path / "moved")
    with at(tmp_path / "moved"):
        moved = Settings.from_environment()

    assert str(tmp_path / "moved") in prepared(moved)
    assert str(house.settings.dagster_home) not in prepared(moved)


def test_what_somebody_wrote_is_left_alone_and_what_a_kill_left_is_not(house: House) -> None:
    path = house.settings.dagster_home / "dagster.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    assert prepared(house.settings) == "telemetry:\n  enabled: false\n"

    path.write_text("", encoding="utf-8")
    assert "max_concurrent_runs: 1" in prepared(house.settings)


def test_without_the_library_it_says_what_to_install(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.quiet.find_spec", lambda _: None)

    with pytest.raises(BadInput, match=r"marsad\[postgres\]"):
        prepared(house.settings, "postgresql:///postgres")
    assert marsad(house.settings.data, "status").code == 5
