"""One writer at a time: the second is told who the first is, and a killed one leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipelines.warehouse.lock import WarehouseLocked, writer

_HOLD = """
import sys, time
from pathlib import Path
from pipelines.warehouse.lock import writer
with writer(Path(sys.argv[1]), "run-of-another"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process_holding(path: Path) -> Iterator[subprocess.Popen[str]]:
    holder = subprocess.Popen([sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def test_the_second_writer_is_told_who_where_which_run_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / "warehouse" / "writer.lock"
    with another_process_holding(path) as holder:
        with pytest.raises(WarehouseLocked) as locked, writer(path, "mine"):
            pytest.fail("two writers at once")
        since = json.loads(path.read_text(encoding="utf-8"))["since"]

    for part in (str(holder.pid), socket.gethostname(), "run-of-another", since):
        assert part in str(locked.value)


def test_the_lock_dies_with_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with another_process_holding(path) as holder:
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert json.loads(path.read_text(encoding="utf-8"))["pid"] == holder.pid  # its line is still there

        with writer(path, "mine"):
            assert json.loads(path.read_text(encoding="utf-8"))["run"] == "mine"


def test_one_process_cannot_hold_it_twice(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with writer(path, "first"), pytest.raises(WarehouseLocked, match="run first"), writer(path, "second"):
        pytest.fail("two writers at once")


def test_it_is_given_back_when_the_run_fails(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with pytest.raises(ZeroDivisionError), writer(path, "fails"):
        raise ZeroDivisionError

    assert path.read_text(encoding="utf-8") == ""
    with writer(path, "next"):
        pass


def test_a_holder_without_a_name_yet_is_still_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with writer(path, "first"):
        path.write_text("", encoding="utf-8")
        with pytest.raises(WarehouseLocked, match="just started"), writer(path, "second"):
            pytest.fail("two writers at once")
