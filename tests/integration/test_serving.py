"""Webserver and daemon as one service: they end together, with all that they started; and, with ``--long``, a real night."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import pytest

from pipelines import alerts
from pipelines.quiet import instance_of
from pipelines.serving import clear_dead_runs
from pipelines.settings import Settings
from pipelines.warehouse import lock
from tests.house import House
from tests.integration.running import CHECKOUT, COMMAND, SMALL, at, environment

# Two services with a child each, as Dagster's have code servers; each says who it is in a file.
_SERVICE = """
import os, pathlib, subprocess, sys, time
name, child_lasts, lasts = sys.argv[1], sys.argv[2], float(sys.argv[3])
child = subprocess.Popen([sys.executable, "-c", f"import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep({child_lasts})"])
pathlib.Path(name).write_text(f"{os.getpid()} {child.pid}")
time.sleep(lasts)
sys.exit(3)
"""
_SUPERVISOR = """
import sys
from pipelines.serving import ServiceEnded, run_together
try:
    run_together({name: ["-c", sys.argv[1], name, *sys.argv[2:4]] for name in ("webserver", "daemon")}, float(sys.argv[4]))
except ServiceEnded as ended:
    sys.exit(str(ended))
"""


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return status != "Z"


def wait_for(what: Callable[[], Any], seconds: float = 60) -> Any:
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, what
        time.sleep(0.05)
    return found


def supervised(folder: Path, child_lasts: float, lasts: float, patience: float) -> tuple[subprocess.Popen[str], list[int]]:
    """The supervisor with two services, once both run; and the four processes below it."""
    command = [sys.executable, "-c", _SUPERVISOR, _SERVICE, str(child_lasts), str(lasts), str(patience)]
    process = subprocess.Popen(command, cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True)
    said = [folder / "webserver", folder / "daemon"]
    wait_for(lambda: all(path.exists() and len(path.read_text().split()) == 2 for path in said))
    return process, [int(pid) for path in said for pid in path.read_text().split()]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_both_and_waits_for_what_they_started(tmp_path: Path, number: int) -> None:
    process, below = supervised(tmp_path, child_lasts=2, lasts=600, patience=60)

    process.send_signal(number)
    _, said = process.communicate(timeout=30)

    assert (process.returncode, said) == (0, "")
    assert [pid for pid in below if alive(pid)] == []


def test_what_does_not_end_is_killed_when_patience_or_a_second_signal_ends_it(tmp_path: Path) -> None:
    process, below = supervised(tmp_path, child_lasts=600, lasts=600, patience=600)

    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert [pid for pid in below if alive(pid)] == []


def test_one_that_ends_by_itself_takes_the_other_with_it(tmp_path: Path) -> None:
    process, below = supervised(tmp_path, child_lasts=600, lasts=1, patience=0.3)

    _, said = process.communicate(timeout=30)

    assert process.returncode == 1
    assert "ended by itself (code 3)" in said
    assert [pid for pid in below if alive(pid)] == []


def test_services_of_a_supervisor_that_was_killed_are_told_to_end(tmp_path: Path) -> None:
    process, below = supervised(tmp_path, child_lasts=1, lasts=600, patience=60)

    process.kill()
    process.communicate(timeout=30)

    wait_for(lambda: not [pid for pid in below if alive(pid)], 30)


# Runs that died with an earlier service


@dg.job(name="refresh")
def refresh() -> None:
    """Nothing."""


def test_runs_that_died_are_failed_when_nobody_writes(tmp_path: Path) -> None:
    with at(tmp_path / "data"):
        settings = Settings.from_environment()
        with instance_of(settings) as instance:
            run = instance.create_run_for_job(refresh, status=dg.DagsterRunStatus.STARTED)
            done = instance.create_run_for_job(refresh, status=dg.DagsterRunStatus.SUCCESS)
            with lock.writer(settings.lock, "a run that lives"):
                assert clear_dead_runs(settings) == 0

            assert clear_dead_runs(settings) == 1
            assert clear_dead_runs(settings) == 0

            found = {each.run_id: each.status for each in instance.get_runs()}
            assert found == {run.run_id: dg.DagsterRunStatus.FAILURE, done.run_id: dg.DagsterRunStatus.SUCCESS}


# A real night


class Served:
    """``marsad serve`` on a house of its own."""

    def __init__(self, house: House, receiver: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        data = house.settings.data
        self.log = data.parent / "serve.log"
        variables = environment(data) | {"MARSAD_NOTIFY": receiver, "FRESHNESS_DAEMON_INTERVAL_SECONDS": "2"}
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [COMMAND, "serve", "--port", str(self.port)], env=variables, cwd=CHECKOUT, stdout=log, stderr=log
            )

    def ask(self, query: str, **variables: Any) -> Any:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return bool(
                self.ask("{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}")["repositoriesOrError"]["nodes"]
            )
        except (urllib.error.URLError, KeyError):
            return False

    def sensors_have_looked(self) -> bool:
        found = self.ask(
            '{sensorsOrError(repositorySelector:{repositoryLocationName:"pipelines.definitions",repositoryName:"__repository__"})'
            "{... on Sensors{results{sensorState{status ticks(limit:1){status}}}}}}"
        )["sensorsOrError"]["results"]
        assert [each["sensorState"]["status"] for each in found] == ["RUNNING"] * 4
        return all(each["sensorState"]["ticks"] for each in found)

    def launch(self) -> str:
        said = self.ask(
            "mutation($p: ExecutionParams!){launchRun(executionParams:$p){... on LaunchRunSuccess{run{runId}}}}",
            p={
                "selector": {
                    "repositoryLocationName": "pipelines.definitions", "repositoryName": "__repository__", "jobName": "refresh",
                },
                "runConfigData": {"resources": {"warehouse": {"config": {"patience_seconds": 60}}}},
                "mode": "default",
            },
        )  # fmt: skip
        run = said["launchRun"]["run"]["runId"]

        def status() -> str | None:
            found = str(self.ask("query($r: ID!){runOrError(runId:$r){... on Run{status}}}", r=run)["runOrError"]["status"])
            return found if found in ("SUCCESS", "FAILURE", "CANCELED") else None

        return str(wait_for(status, 600))

    def freshness(self) -> str:
        [node] = self.ask('{assetNodes(assetKeys:[{path:["publication"]}]){freshnessStatusInfo{freshnessStatus}}}')["assetNodes"]
        return str(node["freshnessStatusInfo"]["freshnessStatus"])


def below(pid: int) -> list[int]:
    """Every process that ``pid`` started, and that those started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
    found, waiting = [], [pid]
    while waiting:
        parent = waiting.pop()
        children = [child for child, of in parents.items() if of == parent]
        found += children
        waiting += children
    return found


@pytest.mark.long
def test_a_night_under_the_real_daemon(house: House) -> None:
    """Publish; shown as fresh; a broken seal fails and is told to a webhook; mended, it is told too; nothing is left running."""
    got: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["title"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    Thread(target=receiver.serve_forever, daemon=True).start()
    for name in SMALL:
        house.bring(name)
    served = Served(house, f"json://127.0.0.1:{receiver.server_port}/")
    try:
        wait_for(served.is_up, 400)
        wait_for(served.sensors_have_looked, 400)

        assert served.launch() == "SUCCESS", served.log.read_text()
        assert house.settings.current.resolve().name.startswith("000001-")
        assert wait_for(lambda: (said := served.freshness()) != "UNKNOWN" and said) == "HEALTHY"

        release = house.settings.raw / "offshoring/exports/2023__lopinion-mtnra-2023.csv"
        good = release.read_bytes()
        release.write_bytes(good.replace(b"2023", b"2024", 1))
        assert served.launch() == "FAILURE"
        wait_for(lambda: "Marsad: the refresh failed" in got, 400)
        assert "an accepted release never changes" in alerts.reports(house.settings)[-1].read_text(encoding="utf-8")

        release.write_bytes(good)
        assert served.launch() == "SUCCESS"
        wait_for(lambda: "Marsad: the refresh goes well again" in got, 400)
        started = below(served.process.pid)
        assert len(started) >= 4
    finally:
        served.process.send_signal(signal.SIGTERM)
        code = served.process.wait(timeout=360)
        receiver.shutdown()
        receiver.server_close()
    assert code == 0
    assert [pid for pid in started if alive(pid)] == []
    assert os.path.exists(house.settings.published)
