"""The inbox: files that people drop into ``data/inbox/<domain>/<dataset>/`` are filed, or stay with a report beside them.

Beside ``FILE`` may lie ``FILE.yml`` with answers for the sidecar: document, or published_on (YYYY, YYYY-MM or YYYY-MM-DD) and
retrieved_on; note; replaces and reason. What does not belong here: who looks when (``inbox_sensor``), and loading.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from pipelines.datasets import DataSet, ReleaseInvalid, checksum, data_sets, seals
from pipelines.errors import Expected
from pipelines.filing import MAX_BYTES, Sidecar, file_release
from pipelines.reference import Reference
from pipelines.settings import Settings

REPORT = ".report.txt"
ANSWERS = ".yml"
SETTLED_SECONDS = 10.0
"""A file younger than this may still be on its way in."""

_ANSWERS = {"document", "published_on", "retrieved_on", "note", "replaces", "reason"}
_MAX_ANSWERS = 10_000
# What the system says of a name that is too long, or stands for a folder.
_OF_THE_NAME = {errno.ENAMETOOLONG, errno.EISDIR}


@dataclass(frozen=True)
class Judged:
    """What became of one file: the release it was filed as, or what is wrong with it."""

    file: Path
    release: str | None
    said: str


def take(settings: Settings, settled_seconds: float = SETTLED_SECONDS) -> list[Judged]:
    """File what is right and leave what is wrong with ``FILE.report.txt`` beside it; what was judged already is left alone.

    The caller holds the writer's lock. A file is judged again once it or its answers change.
    """
    known = {each.name: each for each in data_sets(settings.raw, settings.elsewhere)}
    reference = Reference(settings.seeds)
    judged = []
    for file in _waiting(settings.inbox):
        seen = _seen(file)
        if seen is None or time.time() - seen[1] < settled_seconds or _reported(file) == seen[0]:
            continue
        name = "/".join(file.relative_to(settings.inbox).parts[:-1])
        try:
            found = _filed(file, name, known, reference)
        except (Expected, OSError, UnicodeError) as error:
            # A full or failing disk is no fault of the file: it is tried again the next time.
            if isinstance(error, OSError) and error.errno not in _OF_THE_NAME:
                raise
            # One file is nobody else's trouble, whatever it is called or stands beside.
            found = Judged(file, None, _reported_as(file, seen[0], str(error)))
        judged.append(found)
    return judged


def _waiting(inbox: Path) -> Iterator[Path]:
    """Everything in the inbox that is neither an answer nor a report; folders that are links are not entered."""
    for folder, folders, files in os.walk(inbox, followlinks=False):
        folders.sort()
        for name in sorted(files):
            if not name.startswith(".") and not name.endswith((REPORT, ANSWERS)):
                yield Path(folder) / name


def _seen(file: Path) -> tuple[str, float] | None:
    """A name for the state of file and answers, and when either last changed; None when the file is gone again."""
    try:
        states = [os.lstat(each) for each in (file, _answers(file)) if os.path.lexists(each)]
    except OSError:
        return None
    if not states:
        return None
    return " ".join(f"{each.st_ino}-{each.st_size}-{each.st_mtime_ns}" for each in states), max(each.st_mtime for each in states)


def _answers(file: Path) -> Path:
    return file.with_name(file.name + ANSWERS)


def _filed(file: Path, name: str, known: dict[str, DataSet], reference: Reference) -> Judged:
    if name not in known:
        raise ReleaseInvalid(f"there is no data set {name!r}: files go to <domain>/<dataset>/; known: {', '.join(sorted(known))}")
    dataset = known[name]
    size = os.lstat(file)
    if stat.S_ISREG(size.st_mode) and size.st_size <= MAX_BYTES:
        # Filed, and then killed before it was taken out of the inbox.
        same = [release for release, sha in seals(dataset).items() if sha == checksum(file)]
        if same:
            _remove(file)
            return Judged(file, same[0], f"these bytes are {dataset.name}/{same[0]} already")
    release, statements = file_release(dataset, file, _said(_answers(file)), reference, known.values())
    _remove(file)
    return Judged(file, release.name, f"filed {dataset.name}/{release.name}: {statements} statements")


def _said(answers: Path) -> Sidecar:
    """What the answers say. Raises ReleaseInvalid."""
    if not os.path.lexists(answers):
        return Sidecar()
    if answers.is_symlink() or answers.stat().st_size > _MAX_ANSWERS:
        raise ReleaseInvalid(f"{answers.name}: is a link, or longer than {_MAX_ANSWERS} bytes")
    try:
        said: Any = yaml.safe_load(answers.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ReleaseInvalid(f"{answers.name}: cannot be read: {error}") from error
    if not isinstance(said, dict) or (unknown := sorted(str(key) for key in said if key not in _ANSWERS)):
        wrong = f"unknown keys {', '.join(unknown)}" if isinstance(said, dict) else "must be a table of keys and values"
        raise ReleaseInvalid(f"{answers.name}: {wrong}; known: {', '.join(sorted(_ANSWERS))}")
    texts = {key: None if said.get(key) is None else str(said[key]) for key in _ANSWERS}
    when, precision = printed_date(texts["published_on"])
    return Sidecar(
        document=texts["document"],
        published_on=when,
        published_precision=precision,
        retrieved_on=printed_date(texts["retrieved_on"], day=True)[0],
        note=texts["note"],
        replaces=texts["replaces"],
        reason=texts["reason"],
    )


def printed_date(text: str | None, *, day: bool = False) -> tuple[date | None, str]:
    """A date as people write it and its precision: YYYY, YYYY-MM or YYYY-MM-DD; ``day``: only the last. Raises ReleaseInvalid."""
    if text is None:
        return None, "UNKNOWN"
    precision = {4: "YEAR", 7: "MONTH", 10: "DAY"}.get(len(text))
    try:
        if precision is None or (day and precision != "DAY"):
            raise ValueError(text)
        return date.fromisoformat(text + "-01-01"[: 10 - len(text)] if precision == "YEAR" else (text + "-01")[:10]), precision
    except ValueError:
        raise ReleaseInvalid(f"{text!r} is not {'YYYY-MM-DD' if day else 'YYYY, YYYY-MM or YYYY-MM-DD'}") from None


def _reported(file: Path) -> str | None:
    report = file.with_name(file.name + REPORT)
    try:
        return report.read_text(encoding="utf-8").splitlines()[-1].removeprefix("judged: ")
    except (OSError, IndexError):
        return None


def _reported_as(file: Path, state: str, what: str) -> str:
    """What is said of a file that was not filed, with its report written, or why there is none."""
    try:
        _report(file, state, what)
    except OSError as error:
        return f"{what}; its report cannot be written: {error.strerror}"
    return what


def _report(file: Path, state: str, what: str) -> None:
    report = file.with_name(file.name + REPORT)
    temporary = file.with_name(f".{file.name}{REPORT}.tmp")
    then = f"Mend the file (or {file.name}{ANSWERS}) and it is tried again by itself."
    said = f"Not filed: {file.name}\n\n{what}\n\n{then}\njudged: {state}\n"
    # A name may have bytes that are no letters.
    temporary.write_text(said, encoding="utf-8", errors="backslashreplace")
    temporary.replace(report)


def _remove(file: Path) -> None:
    for each in (file, _answers(file), file.with_name(file.name + REPORT)):
        # Of a long name the others cannot even be asked for.
        if os.path.lexists(each):
            each.unlink()
