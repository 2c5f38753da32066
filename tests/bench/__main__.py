"""Times whole processes: a refresh, and a night with one new release, beside bare DuckDB on the same releases in the same run.

    python -m tests.bench [--observations N ...] [--night ROWS] [--folder FOLDER]
    python -m tests.bench --overhead [--rounds N] [--stock]

Sizes are synthetic observations (see ``synthetic``) beside all the real data: 1 and 10 million unless told otherwise. Ten
million need some 20 GB of disk, a hundred million (``--observations 100e6``) ten times that. Seconds of processor stand
beside the clock's: on a machine with other work they say more.

``--overhead`` times what a refresh of the real data alone costs beside dbt and the imports, in rounds; ``--stock`` adds the
same graph under Dagster's defaults, which takes minutes.
"""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from pipelines.quiet import instance_of
from pipelines.settings import Settings
from tests.bench import overhead, synthetic
from tests.bench.timing import CHECKOUT, MARSAD, Cost, environment, timed

SIZES = [1e6, 1e7]
NIGHT = 10_000

# What a reader gets must be what the floor made: rows and a sum over them that no order changes.
_COMPARED = (
    "intermediate.int_current_observations",
    "marts.local_indicators",
    "quality.contradictions",
    "quality.reconciliations",
)


def main() -> None:
    """Measure, and print one line for each process."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--observations", type=float, nargs="+", default=SIZES, help="sizes, one house for each")
    parser.add_argument("--night", type=int, default=NIGHT, help="statements of the one new release of a night")
    parser.add_argument("--folder", type=Path, help="work below this folder instead of the system's temporary one")
    parser.add_argument("--overhead", action="store_true", help="the real data alone, beside dbt and the imports")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--stock", action="store_true", help="with --overhead: Dagster's defaults as well")
    asked = parser.parse_args()
    if not asked.overhead:
        print(f"{'observations':>12}  {'':36}{'clock s':>9}{'cpu s':>9}{'peak MiB':>10}", flush=True)
    for size in [0.0] if asked.overhead else asked.observations:
        with tempfile.TemporaryDirectory(prefix="marsad-bench-", dir=asked.folder) as folder:
            data = Path(folder) / "data"
            for part in ("raw", "seeds"):
                shutil.copytree(CHECKOUT / "data" / part, data / part)
            if asked.overhead:
                overhead.run(data, asked.rounds, asked.stock)
            else:
                _scale(data, size, asked.night)


def _scale(data: Path, observations: float, night: int) -> None:
    """A refresh of everything, its floor, a night with nothing new and two with one release each."""
    house = synthetic.make(data, observations)
    here = environment(data)

    def measured(what: str, command: list[str], variables: dict[str, str]) -> Cost:
        cost = timed(command, variables)
        print(f"{house.observations:>12,}  {what:36}{cost.clock:9.1f}{cost.cpu:9.1f}{cost.peak:10.0f}", flush=True)
        return cost

    full = measured("marsad refresh --full", [MARSAD, "refresh", "--full"], here)
    print(f"{'':>12}    {_steps(data)}", flush=True)
    target = data / "warehouse" / "dbt" / "target"
    floor = data / "floor"
    bare = measured(
        "the same SQL in bare DuckDB",
        [sys.executable, "-m", "tests.bench.floor", "--target", str(target)],
        here | {"MARSAD_WAREHOUSE": str(floor)},
    )
    _compare(data / "warehouse" / "current" / "marsad.duckdb", floor / "draft" / "marsad.duckdb")
    shutil.rmtree(floor)
    measured("a night with nothing new", [MARSAD, "refresh"], here)
    for nth in range(2):
        rows = synthetic.add_release(house, night, nth)
        measured(f"a night with one release of {rows:,}", [MARSAD, "refresh"], here)
        print(f"{'':>12}    {_steps(data)}", flush=True)
    print(
        f"{'':>12}  refresh / bare DuckDB: clock {full.clock / bare.clock:.2f}, cpu {full.cpu / bare.cpu:.2f}, "
        f"peak memory {full.peak / bare.peak:.2f}; parts of bare DuckDB in s: {bare.said}\n",
        flush=True,
    )


def _steps(data: Path) -> str:
    """Seconds by the clock of the parts of the last run, as Dagster has them: what is loaded, built, checked, published."""
    with pytest.MonkeyPatch.context() as variables:
        for name, value in environment(data).items():
            variables.setenv(name, value)
        with instance_of(Settings.from_environment()) as instance:
            [run] = instance.get_runs(limit=1)
            spent: Counter[str] = Counter()
            for step in instance.get_run_step_stats(run.run_id):
                name = "loading" if step.step_key.endswith("_releases") else step.step_key
                spent[name] += (step.end_time or 0) - (step.start_time or 0)
    return "of which " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.most_common())


def _compare(published: Path, floor: Path) -> None:
    """Exits when the floor holds something else than the publication: then it is no floor."""
    sums = []
    for path in (published, floor):
        with duckdb.connect(path, read_only=True) as connection:
            sums.append(
                {
                    table: connection.execute(
                        f"select count(*), sum(hash(each)) from (select each from {table} as each)"
                    ).fetchall()
                    for table in _COMPARED
                }
            )
    if sums[0] != sums[1]:
        sys.exit(f"bare DuckDB made something else: published {sums[0]}, floor {sums[1]}")


if __name__ == "__main__":
    main()
