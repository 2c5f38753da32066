"""What a warehouse was made from, as one short name: the same inputs give the same fingerprint, anything else another.

What does not belong here: deciding what to do when it changed (``refresh``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from pipelines.datasets import checksum
from pipelines.settings import Settings

# Code that decides how a release's bytes become records, and what is looked at of them; the rest of the house only moves records.
_LOADER = (
    "datasets.py", "periods.py", "quotes.py", "records.py", "reference.py", "release_rules.py", "statements.py",
    "sources", "warehouse/tables.py", "warehouse/loading.py", "warehouse/ids.py", "checks/stages.py",
)  # fmt: skip

# Code that decides what models build and what is looked at of it: tables that another one left are built anew.
_BUILDER = ("warehouse/touched.py", "dbt_project.py", "assets/models.py", "checks")


def inputs(settings: Settings) -> dict[str, str]:
    """SHA-256 of every file a publication depends on, by a name that is the same on every machine.

    Releases with their sidecars, seeds, the dbt project, this package and the lock file.
    """
    package = Path(__file__).parent
    named = {
        "raw": (settings.raw, _files(settings.raw, "*")),
        "seeds": (settings.seeds, _files(settings.seeds, "*.csv")),
        "dbt": (settings.dbt_project, _files(settings.dbt_project, "*.sql", "*.yml", "*.md", without=("target", "logs"))),
        "code": (package, _files(package, "*.py", without=("__pycache__",))),
    }
    if settings.elsewhere is not None:
        # A release is the same wherever it lies.
        named["raw/"] = (settings.elsewhere, _files(settings.elsewhere, "*"))
    found = {
        f"{group.rstrip('/')}/{path.relative_to(root).as_posix()}": _checksum(path)
        for group, (root, paths) in named.items()
        for path in paths
    }
    lock = settings.checkout / "requirements.lock"
    return found | ({"lock": checksum(lock)} if lock.exists() else {})


def _checksum(path: Path) -> str:
    try:
        return checksum(path)
    except OSError as error:
        # Whoever reads the file next refuses it by name; here it is only not what it was.
        return f"unreadable: {error.strerror}"


def of(named: dict[str, str], *groups: str) -> str:
    """The fingerprint of all inputs, or of those whose name starts with one of ``groups``."""
    chosen = sorted((name, sha) for name, sha in named.items() if not groups or name.startswith(groups))
    return hashlib.sha256("\n".join(f"{name} {sha}" for name, sha in chosen).encode()).hexdigest()


def loader(named: dict[str, str]) -> str:
    """Fingerprint of the code that turns releases into records, and of the versions it runs on."""
    return of(named, *(f"code/{part}" for part in _LOADER), "lock")


def models(named: dict[str, str]) -> str:
    """Fingerprint of what dbt builds with: project and seeds, and the code that has them built and checked."""
    return of(named, "dbt/", "seeds/", *(f"code/{part}" for part in _BUILDER))


def _files(root: Path, *patterns: str, without: tuple[str, ...] = ()) -> Iterable[Path]:
    return sorted(
        path
        for pattern in patterns
        for path in root.rglob(pattern)
        if path.is_file() and not any(part.startswith(".") or part in without for part in path.relative_to(root).parts)
    )
