"""``python -m tests.faults --kills 1000 --refreshes 200 --readers 8``: the campaign by hand; leaves with 1 when anything broke."""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.faults.campaign import besiege


def main() -> None:
    """Run it and print the account."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="refreshes killed")
    parser.add_argument("--refreshes", type=int, default=20, help="refreshes run to their end, those after kills counted")
    parser.add_argument("--readers", type=int, default=4, help="processes that read all the while")
    parser.add_argument("--pause", type=float, default=0.5, help="mean seconds between a reader's openings")
    parser.add_argument("--seed", type=int, default=1, help="another one kills at other moments")
    parser.add_argument(
        "--folder", type=Path, help="where to work, on a disk or in memory; the system's temporary folder by default"
    )
    asked = parser.parse_args()
    tally = besiege(asked.kills, asked.refreshes, asked.readers, pause=asked.pause, seed=asked.seed, folder=asked.folder)
    print(tally)
    raise SystemExit(1 if tally.errors else 0)


if __name__ == "__main__":
    main()
