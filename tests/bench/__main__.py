"""Times whole processes on all the real data, in rounds, so that a noisy machine is noisy for everybody.

    python -m tests.bench [--rounds N] [--stock]

``--stock`` adds the same graph under Dagster's defaults (a process per step, dbt as a child process), which takes minutes;
``dg launch`` is timed when dagster-dg-cli is installed, else ``dagster job execute``. Prints medians, ratios, peak memory.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent.parent
BIN = Path(sys.executable).parent
FULL, DBT, FLOOR = "marsad refresh --full", "dbt build alone", "the same SQL by hand"
REST, IMPORTS, DEFAULTS = "marsad refresh, nothing new", "importing dagster, dagster_dbt, dbt", "Dagster's defaults"


# A small parent of its own for each process, so that the peak memory is that process's and its children's alone.
TIMED = """
import resource, subprocess, sys, time
started = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
seconds = time.monotonic() - started
if done.returncode:
    sys.exit(done.stderr[-3000:])
print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds and peak memory (MiB, of the largest process) of a command. Exits with what it said when it fails."""
    done = subprocess.run([sys.executable, "-c", TIMED, *command], env=environment, cwd=CHECKOUT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stock", action="store_true", help="also Dagster's defaults: minutes")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="marsad-bench-") as folder:
        data = Path(folder) / "data"
        shutil.copytree(CHECKOUT / "data" / "raw", data / "raw")
        shutil.copytree(CHECKOUT / "data" / "seeds", data / "seeds")
        environment = os.environ | {
            "MARSAD_DATA": str(data),
            "MARSAD_DRAFT": str(data / "warehouse" / "draft" / "marsad.duckdb"),
            "DAGSTER_HOME": str(data / "warehouse" / "dagster"),
            "DO_NOT_TRACK": "1",
        }
        measure(asked, environment, data)


def measure(asked: argparse.Namespace, environment: dict[str, str], data: Path) -> None:
    """Warm up, then time every command once per round, the defaults once."""
    marsad = str(BIN / "marsad")
    project = data / "warehouse" / "dbt" / "project"
    dbt = [str(BIN / "dbt"), "--log-level", "none", "build", "--exclude-resource-type", "unit_test"]
    dbt += ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(project.parent / "target")]
    commands = {
        FULL: [marsad, "refresh", "--full"],
        DBT: dbt,
        FLOOR: [sys.executable, "-m", "tests.bench.floor"],
        REST: [marsad, "refresh"],
        IMPORTS: [sys.executable, "-c", "import dagster, dagster_dbt; from dbt.cli.main import dbtRunner"],
    }
    if asked.stock:
        module = ["--module-name", "tests.bench.stock", "--job", "everything"]
        dg = BIN / "dg"
        commands[DEFAULTS] = [str(dg), "launch", *module] if dg.exists() else [str(BIN / "dagster"), "job", "execute", *module]
    # The first run parses the project, makes the draft and publishes; nobody is timed for it.
    timed([marsad, "refresh"], environment)
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(asked.rounds):
        for name, command in commands.items():
            if name != DEFAULTS or turn == 0:
                figures[name].append(timed(command, environment))
    report(figures)


def report(figures: dict[str, list[tuple[float, float]]]) -> None:
    """Medians, spread, peak memory, and the ratios that matter."""
    median = {name: statistics.median(seconds for seconds, _ in values) for name, values in figures.items()}
    print(f"{'':34}{'median s':>10}{'min':>8}{'max':>8}{'peak MiB':>10}")
    for name, values in figures.items():
        seconds = [each for each, _ in values]
        peak = max(memory for _, memory in values)
        print(f"{name:34}{median[name]:10.1f}{min(seconds):8.1f}{max(seconds):8.1f}{peak:10.0f}")
    print()
    for name, other, aim in (
        (FULL, DBT, "at most 1.5"),
        (FULL, FLOOR, ""),
        (REST, IMPORTS, "at most 1"),
        (FULL, DEFAULTS, "at most 0.2"),
    ):
        if other in median:
            print(f"{name} / {other}: {median[name] / median[other]:.2f}{f'  (aim: {aim})' if aim else ''}")


if __name__ == "__main__":
    main()
