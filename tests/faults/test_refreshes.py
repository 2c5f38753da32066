"""Whole refreshes in trouble: two at once, a full disk, a folder that may not be written, a spoilt file, kills in number.

Counts are small here: ``pytest tests/faults --kills 50``, or ``python -m tests.faults`` for a campaign (docs/faults.md).
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.datasets import read_sidecar
from pipelines.settings import Settings
from pipelines.warehouse import publication
from tests.faults.belonging import DATA_SET, FIRST, Seen, file_round, inspect
from tests.faults.campaign import besiege
from tests.faults.warm import Trouble, Warm
from tests.house import OBSERVATION, House, figures, move
from tests.integration.running import COMMAND, environment, marsad

pytestmark = pytest.mark.long
NOBODY = 65534
DAMAGED = 10


def before(house: House) -> Seen:
    seen = inspect(house.settings)
    assert seen.round == 0
    return seen


def goes_on(warm: Warm, house: House, round_: int = 1) -> None:
    """The next refresh needs nobody."""
    said = warm.run(house.settings.data, "refresh", "--json")
    assert said.code == 0, said.err
    assert inspect(house.settings).round == round_


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_told_in_a_line_and_loses_nothing(warm: Warm, besieged: House, sent: signal.Signals) -> None:
    """Ctrl-C while dbt builds: no core dump, readers keep what they have, the next refresh needs nobody."""
    seen, data = before(besieged), besieged.settings.data
    file_round(besieged, 1)
    turn = besieged.settings.dbt_target.with_name("turn.lock")
    with subprocess.Popen(
        [COMMAND, "refresh"], env=environment(data), cwd=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        taken = 0
        # dbt's turn for a whole second: it builds, and does not just read its project.
        while process.poll() is None and taken < 10:
            taken = taken + 1 if _is_taken(turn) else 0
            time.sleep(0.1)
        process.send_signal(sent)
        _, said = process.communicate(timeout=120)

    assert process.returncode == 130, said
    assert "marsad: interrupted; nothing was published" in said
    assert "Traceback" not in said and "terminate called" not in said
    assert inspect(besieged.settings) == seen
    goes_on(warm, besieged)


def test_ctrl_c_while_dbt_reads_its_project_is_no_failure(besieged: House) -> None:
    """dbt hands it back as one of its own: a night that a person stopped would be reported as one that failed."""
    seen, data = before(besieged), besieged.settings.data
    file_round(besieged, 1)
    target = besieged.settings.dbt_target
    (target / "made_from").unlink()
    with subprocess.Popen(
        [COMMAND, "refresh"], env=environment(data), cwd=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while process.poll() is None and not _is_taken(target.with_name("turn.lock")):
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)

    assert process.returncode == 130
    assert said.startswith("marsad: interrupted") and len(said.splitlines()) == 1
    assert inspect(besieged.settings) == seen


def _is_taken(turn: Path) -> bool:
    with turn.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


# In number


def test_kills_lose_nothing_and_readers_never_notice(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    asked = request.config.getoption
    tally = besiege(asked("kills"), asked("refreshes"), asked("readers"), pause=0.2, seed=1, folder=tmp_path)

    print(f"\n{tally}")
    assert tally.errors == 0, str(tally)
    assert tally.kills >= asked("kills")
    assert tally.refreshes >= asked("refreshes")
    assert tally.switches > 0
    assert tally.readers.reads > 0 or asked("readers") == 0


@pytest.mark.parametrize("step", ["publish", "mend"])
def test_killed_before_any_change_to_the_warehouse(warm: Warm, published: House, tmp_path: Path, step: str) -> None:
    """Before each file and folder that publishing, or going back from a damaged file, makes, renames, closes or removes."""
    house = move(published, tmp_path)
    settings = house.settings
    publication.publish(settings, "a" * 64, {"published_at": "now", "draft": {"origin": "kept"}})
    number = 0
    while True:
        number += 1
        if step == "mend":
            now = publication.current(settings)
            assert now is not None
            expected = {now.name, "000001"}
            spoil(now.file)
        was = publication.current(settings)
        said = warm.run(settings.data, step, trouble=Trouble(dies_on_change=number), program="tests.faults.steps")
        if said.code == 0:
            break
        assert said.code == -signal.SIGKILL, said.err
        if step == "publish":
            now = publication.current(settings)
            assert now is not None and was is not None
            assert now.name >= was.name
            assert publication.why_not_whole(now) is None
        else:
            # The next look goes on where the killed one was.
            found = publication.mend(settings)
            assert found is not None
            assert found.publication in expected | {each.name for each in publication.publications(settings)}
        inspect_if_any(settings)
        if step == "mend":
            publication.publish(settings, f"{number:064x}", {"published_at": "now", "draft": {"origin": "kept"}})
    assert number > (12 if step == "publish" else 5), "nothing was watched"
    inspect_if_any(settings)
    assert not [path for path in settings.publications.iterdir() if path.name.startswith(".building")]


def inspect_if_any(settings: Settings) -> None:
    if os.path.lexists(settings.current):
        inspect(settings)


def spoil(file: Path) -> None:
    """Turn one bit in the middle: most queries are answered all the same."""
    file.parent.chmod(0o755)
    file.chmod(0o644)
    with file.open("r+b") as opened:
        opened.seek(file.stat().st_size // 2)
        [byte] = opened.read(1)
        opened.seek(-1, os.SEEK_CUR)
        opened.write(bytes([byte ^ 1]))
    file.chmod(0o444)
    file.parent.chmod(0o555)


# One writer


def test_two_at_once_after_a_death_that_left_its_line_and_its_draft(warm: Warm, besieged: House) -> None:
    """A lock file with a dead holder's line and a draft of rubbish stop nobody; of two refreshes one publishes, one leaves."""
    settings = besieged.settings
    dead = subprocess.Popen(["true"])
    dead.wait()
    line = {"pid": dead.pid, "host": socket.gethostname(), "run": "of the dead", "since": "2026-01-01T00:00:00+00:00"}
    settings.lock.write_text(json.dumps(line) + "\n", encoding="utf-8")
    settings.draft.write_bytes(b"rubbish" * 9000)

    both = [warm.start(settings.data, "refresh", "--json") for _ in range(2)]
    first, second = sorted((warm.end(each) for each in both), key=lambda said: said.code)

    assert first.code == 0, first.err
    assert second.code == 3, second
    assert re.search(r"process \d+ on \S+, run \S+.*, since 20|by a process that has just started", second.error)
    assert "of the dead" not in second.error
    assert inspect(settings).round == 1
    assert len(publication.publications(settings)) == 2
    now = publication.current(settings)
    assert now is not None
    assert now.manifest["draft"]["origin"] == "published"
    assert "the draft cannot be opened" in now.manifest["draft"]["why"]


# A full disk


def test_a_file_that_cannot_grow_changes_nothing(warm: Warm, besieged: House) -> None:
    seen = before(besieged)
    for most in (1 << 20, 8 << 20):
        said = warm.run(besieged.settings.data, "refresh", "--json", trouble=Trouble(most_bytes=most))

        assert said.code != 0
        assert "Traceback" not in said.err, said.err
        assert inspect(besieged.settings) == seen


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory of its own, to be filled."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", str(place)], capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_on_a_full_disk_readers_keep_what_they_had(warm: Warm, besieged: House, small_disk: Path) -> None:
    """Full from the start, and full when the copy is made; with room again the next refresh goes on."""
    house = move(besieged, small_disk)
    seen = before(house)
    ballast, room = small_disk / "ballast", os.statvfs(small_disk)
    size = house.settings.published.stat().st_size
    for left in (100 << 10, size // 2 + (12 << 20)):
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_bsize - left)

        said = warm.run(house.settings.data, "refresh", "--json")

        assert said.code not in (0, 3), said
        assert "Traceback" not in said.err, said.err
        assert re.search(r"space|full|size", said.err, re.I), said.err
        assert inspect(house.settings) == seen
        assert not list(house.settings.publications.glob(".building*"))
        assert json.loads(marsad(house.settings.data, "query", "select 1 as one", "--json").out) == [{"one": 1}]
        ballast.unlink()
    goes_on(warm, house)


# A folder that may not be written


def test_a_folder_that_may_not_be_written_is_named_and_readers_go_on(warm: Warm, besieged: House) -> None:
    """As another user: file modes do not bind root."""
    settings = besieged.settings
    seen = before(besieged)
    user = NOBODY if os.geteuid() == 0 else None
    for parent in settings.data.parents:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    for folder in (settings.warehouse, settings.warehouse / "draft", settings.publications):
        folder.chmod(0o555)
    try:
        said = warm.run(settings.data, "refresh", trouble=Trouble(user=user))
        asked = warm.run(settings.data, "query", "select count(*) as n from marts.strategy_targets", trouble=Trouble(user=user))
    finally:
        for folder in (settings.warehouse, settings.warehouse / "draft", settings.publications):
            folder.chmod(0o755)

    assert said.code == 1
    assert "Permission denied" in said.error
    assert str(settings.warehouse) in said.error
    assert len(said.error.splitlines()) == 1
    assert asked.code == 0, asked.err
    assert inspect(settings) == seen


# A spoilt published file


def test_a_spoilt_published_file_is_found_on_a_quiet_night_and_built_anew(warm: Warm, published: House, tmp_path: Path) -> None:
    house = move(published, tmp_path)
    settings, bad = house.settings, publication.current(house.settings)
    assert bad is not None
    good = publication.publish(settings, "b" * 64, {"published_at": "2026-11-22T12:00:00+00:00", "draft": {"origin": "kept"}})
    publication.rollback(settings, bad.name)
    spoil(bad.file)

    status = marsad(settings.data, "status")
    refreshed = warm.run(settings.data, "refresh")

    assert status.code == DAMAGED
    assert "its checksum is" in status.error
    assert refreshed.code == DAMAGED, refreshed
    assert f"{bad.name} was found damaged (its checksum is " in refreshed.err
    seen, now = inspect(settings), publication.current(settings)
    assert now is not None
    assert now.name > good.name
    assert seen.fingerprint == bad.manifest["fingerprint"]
    assert now.manifest["damage"]["publication"] == bad.name
    why = "the published file was found damaged"
    assert now.manifest["draft"] == {"origin": "raw", "why": why, "built": f"everything: {why}"}
    assert marsad(settings.data, "status").code == 0
    again = warm.run(settings.data, "refresh", "--json")
    assert (again.code, again.json["damage"]) == (0, None)


def test_a_file_that_cannot_be_opened_is_told_to_who_asks(published: House, tmp_path: Path) -> None:
    house = move(published, tmp_path)
    file = house.settings.published.resolve()
    file.parent.chmod(0o755)
    file.chmod(0o644)
    file.write_bytes(b"nothing" * 100)

    for arguments, says in ((("query", "select 1"), "cannot be read"), (("status",), "700 bytes, and ")):
        said = marsad(house.settings.data, *arguments)
        assert said.code == DAMAGED
        assert says in said.error
        assert "`marsad refresh` gives readers the last good one" in said.error


# The clock


def test_when_the_clock_went_back_records_keep_their_order(besieged: House, tmp_path: Path) -> None:
    """The real command under another clock: recorded_at is never earlier than the data set's last."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not installed")
    file = tmp_path / "late.csv"
    file.write_bytes(figures("observation", [OBSERVATION | {"obs_value": str(FIRST + 2)}]))
    data = besieged.settings.data
    releases = (besieged.settings.raw / DATA_SET).glob("*__*.csv")
    last = max(read_sidecar(path)["recorded_at"] for path in releases)

    done = subprocess.run(
        ["faketime", "2019-03-01 12:00:00", COMMAND, "add", str(file), "--dataset", DATA_SET, "--retrieved-on", "2019-03-01"],
        env=environment(data), cwd=data, capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert read_sidecar(besieged.settings.raw / DATA_SET / "undated__late.csv")["recorded_at"] == last


def test_when_the_clock_went_back_publications_keep_their_order(published: House, tmp_path: Path) -> None:
    settings = move(published, tmp_path).settings
    later = publication.publish(settings, "c" * 64, {"published_at": "2001-01-01T00:00:00+00:00", "draft": {"origin": "kept"}})

    left, taken = publication.rollback(settings)

    assert later.name > taken.name
    assert left == later
