"""Files a release: holds a file against its data set, gives it its place and its sidecar, and seals it.

A file that breaks a rule is not filed, and nothing is left behind. Loading it is the next refresh's business.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import polars as pl

from pipelines import release_rules
from pipelines.datasets import (
    DataSet,
    Release,
    ReleaseInvalid,
    checksum,
    expected_prefix,
    read_release,
    read_sidecar,
    release_of,
    release_paths,
    seal,
    seals,
    sidecar_path,
    write_sidecar,
)
from pipelines.errors import BadInput
from pipelines.reference import Reference
from pipelines.sources import ReleaseUnreadable, reader
from pipelines.statements import Problem, of_release, problems
from pipelines.warehouse import ids


class ReleaseRefused(BadInput):
    """The file breaks rules of its data set; ``problems`` names them, row by row."""

    def __init__(self, path: Path, found: list[Problem]):
        super().__init__("\n".join(problem.sentence(str(path)) for problem in found))
        self.problems = found


@dataclass(frozen=True)
class Sidecar:
    """What a person says of a release when filing it; dates of a known document come from the documents seed."""

    document: str | None = None
    published_on: date | None = None
    published_precision: str = "UNKNOWN"
    retrieved_on: date | None = None
    note: str | None = None
    replaces: str | None = None
    reason: str | None = None


MAX_BYTES = 100_000_000
"""No release that a person brings is larger; each format has its own, lower limit."""

# A file's name has 255 bytes at most, and its sidecar's is longer.
_LONGEST_SLUG = 150
SUFFIXES = (".csv", ".xlsx", ".parquet", ".json")


def would_be(dataset: DataSet, file: Path, said: Sidecar, reference: Reference) -> Release:
    """The release that ``file`` would be if it were filed now: where it would lie, and what its sidecar says.

    A file that already lies in the data set's folder has its sidecar beside it. Raises ReleaseInvalid.
    """
    _opened(file).close()
    sha256 = checksum(file)
    if _lies_in(dataset, file):
        if not sidecar_path(file).exists():
            raise ReleaseInvalid(f"{file}: lies among the releases without a sidecar: move it away, and add it from there")
        path, told = file, read_sidecar(file)
    else:
        same = [name for name, sha in seals(dataset).items() if sha == sha256]
        if same and said.replaces not in same:
            raise ReleaseInvalid(f"{file}: these bytes are {dataset.name}/{same[0]} already")
        path, told = dataset.folder / _name(dataset, file, said, reference), _told(said, reference)
    return release_of(dataset, path, told, sha256, datetime.now(UTC))


def read_checked(
    dataset: DataSet, file: Path, release: Release, reference: Reference, among: Collection[DataSet]
) -> pl.DataFrame:
    """The statements of ``file``, which would be ``release`` and keeps every rule that a refresh asks.

    ``among`` are all data sets: an id belongs to one release of them all. Raises ReleaseRefused, ReaderUnknown.
    """
    names = {path.name for path in release_paths(dataset)}
    found = release_rules.of_sidecar(release, reference, names)
    if not found:
        try:
            statements = of_release(reader(dataset.reader)(file, dataset.kind, dataset.options), release.document)
        except ReleaseUnreadable as error:
            raise ReleaseRefused(file, [Problem(error.rule, str(error), error.row, error.column, error.value)]) from error
        found = problems(statements, dataset.kind, reference)
    if not found:
        found = release_rules.of_dates(statements, release, reference)
    if not found and dataset.kind in ids.KINDS:
        found = _ids_of_others(dataset, release, statements, reference, among)
    if found:
        raise ReleaseRefused(file, found)
    return statements


def _ids_of_others(
    dataset: DataSet, release: Release, statements: pl.DataFrame, reference: Reference, among: Collection[DataSet]
) -> list[Problem]:
    """Rows whose ids other releases have. Those are read as they lie: what was filed today is not loaded yet."""
    key = (dataset.name, release.name)
    claims: dict[ids.Key, ids.Claim] = {}
    for each in among:
        paths = release_paths(each) if each.kind == dataset.kind else []
        names = {path.name for path in paths}
        for path in paths:
            if (each.name, path.name) == key:
                continue
            try:
                other = read_release(each, path)
                rows = of_release(reader(each.reader)(path, each.kind, each.options), other.document)
            except (ReleaseInvalid, ReleaseUnreadable):
                # Claims nothing, as at a refresh, which names it.
                continue
            if not (
                release_rules.of_sidecar(other, reference, names)
                or problems(rows, each.kind, reference)
                or release_rules.of_dates(rows, other, reference)
            ):
                claims[each.name, other.name] = ids.claim(other, each.kind, rows)
    # After all others, whatever the clock says: whoever is filed first keeps an id.
    last = max([release.recorded_at, *(claim.recorded_at for claim in claims.values())]) + timedelta(seconds=1)
    claims[key] = ids.claim(replace(release, recorded_at=last), dataset.kind, statements)
    return ids.as_problems(dataset.kind, ids.judge(claims).get(key, []))


def file_release(
    dataset: DataSet, file: Path, said: Sidecar, reference: Reference, among: Collection[DataSet]
) -> tuple[Release, int]:
    """File and seal ``file`` as a release of ``dataset``; returns it and how many statements it has.

    A file that already lies in the data set's folder beside its unsealed sidecar is checked and sealed where it is. ``among``
    are all data sets. Raises ReleaseRefused, ReleaseInvalid, ReaderUnknown.
    """
    release = would_be(dataset, file, said, reference)
    target = release.path
    if target == file:
        statements = read_checked(dataset, file, release, reference, among)
        return seal(dataset, file), statements.height
    if (target.exists() or sidecar_path(target).exists()) and not _left_unsealed(file, target):
        raise ReleaseInvalid(f"{target}: exists already; an accepted release never changes, a new statement is a new release")
    try:
        _place(file, target, _told(said, reference))
        # What was copied is what is checked and sealed, whatever becomes of the file meanwhile.
        statements = read_checked(dataset, target, release, reference, among)
        return seal(dataset, target), statements.height
    except BaseException:
        target.unlink(missing_ok=True)
        sidecar_path(target).unlink(missing_ok=True)
        raise


def _lies_in(dataset: DataSet, file: Path) -> bool:
    return file.resolve().parent == dataset.folder.resolve()


def _left_unsealed(file: Path, target: Path) -> bool:
    """Whether an interrupted filing of these very bytes left ``target`` without its seal."""
    if not target.exists() or checksum(target) != checksum(file):
        return False
    return not sidecar_path(target).exists() or "sha256" not in read_sidecar(target)


def _opened(file: Path) -> BinaryIO:
    """The file, opened for reading; a link, a device or a giant is refused, since a name must not decide what is read."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        said = "is a symbolic link: bring the file itself" if file.is_symlink() else f"cannot be read: {error.strerror}"
        raise ReleaseInvalid(f"{file}: {said}") from error
    opened = os.fdopen(descriptor, "rb")
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
        opened.close()
        said = f"has {found.st_size} bytes, at most {MAX_BYTES} are taken" if stat.S_ISREG(found.st_mode) else "is no plain file"
        raise ReleaseInvalid(f"{file}: {said}")
    return opened


def _told(said: Sidecar, reference: Reference) -> dict[str, Any]:
    """What the sidecar will say; a known document has its dates in the documents seed. Raises ReleaseInvalid."""
    if (said.replaces is None) != (said.reason is None):
        raise ReleaseInvalid("replaces and reason go together: which release, and why")
    told: dict[str, Any] = {
        "document": said.document,
        "published_on": said.published_on,
        "published_precision": said.published_precision,
        "retrieved_on": said.retrieved_on or datetime.now(UTC).date(),
        "note": said.note,
    }
    if said.document is not None:
        known = reference.documents.filter(document=said.document)
        if known.is_empty():
            raise ReleaseInvalid(f"document {said.document!r} is not in the documents seed: describe it there first")
        told |= known.row(0, named=True)
    return told if said.replaces is None else told | {"replaces": said.replaces, "reason": said.reason}


def _name(dataset: DataSet, file: Path, said: Sidecar, reference: Reference) -> str:
    told = _told(said, reference)
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise ReleaseInvalid(f"{file}: releases end in {', '.join(SUFFIXES)}, not in {suffix!r}")
    prefix = expected_prefix(told["published_on"], told["published_precision"])
    return f"{prefix}__{_slug(said.document or file.stem.partition('__')[2] or file.stem)}{suffix}"


def _slug(name: str) -> str:
    """``name`` in the letters a release may have; no name is a path, whatever it contains."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", plain)[:_LONGEST_SLUG].strip("-._") or "release"


def _place(file: Path, target: Path, told: dict[str, Any]) -> None:
    temporary = target.with_name(f".{target.name}.tmp")
    with _opened(file) as source, temporary.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    temporary.rename(target)
    write_sidecar(target, told)
