"""Runs one whole process and says what it cost: clock, processor, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
MARSAD = str(BIN / "marsad")

# A small parent of its own for each process, so that the figures are that process's and its children's alone.
_TIMED = """
import resource, subprocess, sys, time
started = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
clock = time.monotonic() - started
if done.returncode:
    sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
print(done.stdout)
"""


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, seconds of processor (all threads), peak MiB of the largest process; and what it printed."""

    clock: float
    cpu: float
    peak: float
    said: str


def timed(command: list[str], environment: dict[str, str]) -> Cost:
    """What a command costs. Exits with what it said when it fails."""
    done = subprocess.run([sys.executable, "-c", _TIMED, *command], env=environment, cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    figures, _, said = done.stdout.partition("\n")
    clock, cpu, peak = map(float, figures.split())
    return Cost(clock, cpu, peak, said.strip())


def environment(data: Path) -> dict[str, str]:
    """Variables under which everything works on the data folder ``data``."""
    return os.environ | {
        "MARSAD_DATA": str(data),
        "MARSAD_DRAFT": str(data / "warehouse" / "draft" / "marsad.duckdb"),
        "DAGSTER_HOME": str(data / "warehouse" / "dagster"),
        "DO_NOT_TRACK": "1",
    }
