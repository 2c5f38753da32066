"""What a refresh of the real data alone costs beside dbt, its imports and Dagster's defaults.

In rounds, so that a noisy machine is noisy for everybody. ``dg launch`` is timed when dagster-dg-cli is installed, else
``dagster job execute``.
"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

from tests.bench.timing import BIN, MARSAD, Cost, environment, timed

FULL, DBT, FLOOR = "marsad refresh --full", "dbt build alone", "the same SQL in bare DuckDB"
REST, IMPORTS, DEFAULTS = "marsad refresh, nothing new", "importing dagster, dagster_dbt, dbt", "Dagster's defaults"


def run(data: Path, rounds: int, stock: bool) -> None:
    """Warm up, then time every command once per round, the defaults once; print medians, spread and ratios."""
    here = environment(data)
    target = data / "warehouse" / "dbt" / "target"
    project = target.parent / "project"
    dbt = [str(BIN / "dbt"), "--log-level", "none", "build", "--exclude-resource-type", "unit_test"]
    dbt += ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target)]
    floor = [sys.executable, "-m", "tests.bench.floor", "--target", str(target)]
    commands = {
        FULL: ([MARSAD, "refresh", "--full"], here),
        DBT: (dbt, here),
        FLOOR: (floor, here | {"MARSAD_WAREHOUSE": str(data / "floor")}),
        REST: ([MARSAD, "refresh"], here),
        IMPORTS: ([sys.executable, "-c", "import dagster, dagster_dbt; from dbt.cli.main import dbtRunner"], here),
    }
    if stock:
        module = ["--module-name", "tests.bench.stock", "--job", "everything"]
        dg = BIN / "dg"
        launch = [str(dg), "launch", *module] if dg.exists() else [str(BIN / "dagster"), "job", "execute", *module]
        commands[DEFAULTS] = (launch, here)
    # The first run parses the project, makes the draft and publishes; nobody is timed for it.
    timed([MARSAD, "refresh"], here)
    figures: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(rounds):
        for name, (command, variables) in commands.items():
            if name != DEFAULTS or turn == 0:
                figures[name].append(timed(command, variables))
    _report(figures)


def _report(figures: dict[str, list[Cost]]) -> None:
    median = {name: statistics.median(cost.clock for cost in costs) for name, costs in figures.items()}
    print(f"{'':36}{'median s':>10}{'min':>8}{'max':>8}{'cpu s':>8}{'peak MiB':>10}")
    for name, costs in figures.items():
        clocks = [cost.clock for cost in costs]
        cpu = statistics.median(cost.cpu for cost in costs)
        peak = max(cost.peak for cost in costs)
        print(f"{name:36}{median[name]:10.1f}{min(clocks):8.1f}{max(clocks):8.1f}{cpu:8.1f}{peak:10.0f}")
    print()
    for name, other, aim in (
        (FULL, DBT, "at most 1.5"),
        (FULL, FLOOR, ""),
        (REST, IMPORTS, "at most 1"),
        (FULL, DEFAULTS, "at most 0.2"),
    ):
        if other in median:
            print(f"{name} / {other}: {median[name] / median[other]:.2f}{f'  (aim: {aim})' if aim else ''}")
