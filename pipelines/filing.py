"""Files a release: holds a file against its data set, gives it its place and its sidecar, and seals it.

A file that breaks a rule is not filed, and nothing is left behind. Loading it is the next refresh's business.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import polars as pl

from pipelines.datasets import (
    DataSet,
    Release,
    ReleaseInvalid,
    checksum,
    expected_prefix,
    read_sidecar,
    release_paths,
    seal,
    sidecar_path,
    write_sidecar,
)
from pipelines.errors import BadInput
from pipelines.reference import Reference
from pipelines.sources import ReleaseUnreadable, reader
from pipelines.statements import Problem, of_release, problems


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

SUFFIXES = (".csv", ".xlsx", ".parquet", ".json")


def read_checked(dataset: DataSet, file: Path, document: str | None, reference: Reference) -> pl.DataFrame:
    """The statements of ``file``, which keep every rule of the data set. Raises ReleaseRefused, ReleaseInvalid."""
    _opened(file).close()
    try:
        statements = of_release(reader(dataset.reader)(file, dataset.kind, dataset.options), document)
    except ReleaseUnreadable as error:
        raise ReleaseRefused(file, [Problem(error.rule, str(error), error.row, error.column, error.value)]) from error
    found = problems(statements, dataset.kind, reference)
    if found:
        raise ReleaseRefused(file, found)
    return statements


def file_release(dataset: DataSet, file: Path, said: Sidecar, reference: Reference) -> tuple[Release, int]:
    """File and seal ``file`` as a release of ``dataset``; returns it and how many statements it has.

    A file that already lies in the data set's folder beside its unsealed sidecar is checked and sealed where it is.
    Raises ReleaseRefused, ReleaseInvalid, ReaderUnknown.
    """
    _opened(file).close()
    in_place = file.resolve().parent == dataset.folder.resolve()
    if in_place:
        read_sidecar(file)
        return _checked_and_sealed(dataset, file, reference)
    if (said.replaces is None) != (said.reason is None):
        raise ReleaseInvalid("replaces and reason go together: which release, and why")
    if said.replaces is not None and said.replaces not in {path.name for path in release_paths(dataset)}:
        raise ReleaseInvalid(f"{said.replaces!r} is no release of {dataset.name}, so it cannot be replaced")
    target = dataset.folder / _name(dataset, file, said, reference)
    if (target.exists() or sidecar_path(target).exists()) and not _left_unsealed(file, target):
        raise ReleaseInvalid(f"{target}: exists already; an accepted release never changes, a new statement is a new release")
    try:
        _place(dataset, file, target, said, reference)
        return _checked_and_sealed(dataset, target, reference)
    except BaseException:
        target.unlink(missing_ok=True)
        sidecar_path(target).unlink(missing_ok=True)
        raise


def _left_unsealed(file: Path, target: Path) -> bool:
    """Whether an interrupted filing of these very bytes left ``target`` without its seal."""
    if not target.exists() or checksum(target) != checksum(file):
        return False
    return not sidecar_path(target).exists() or "sha256" not in read_sidecar(target)


def _checked_and_sealed(dataset: DataSet, path: Path, reference: Reference) -> tuple[Release, int]:
    statements = read_checked(dataset, path, read_sidecar(path)["document"], reference)
    return seal(dataset, path), statements.height


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


def dates(said: Sidecar, reference: Reference) -> tuple[date | None, str, date]:
    """When the release was published, how precisely that is known, and when it was read. Raises ReleaseInvalid."""
    if said.document is not None:
        known = reference.documents.filter(document=said.document)
        if known.is_empty():
            raise ReleaseInvalid(f"document {said.document!r} is not in the documents seed: describe it there first")
        row = known.row(0, named=True)
        return row["published_on"], row["published_precision"], row["retrieved_on"]
    today = datetime.now(UTC).date()
    # A day read in one time zone may be the day after in UTC; a refresh would refuse what is read later still.
    if said.retrieved_on is not None and said.retrieved_on > today + timedelta(days=1):
        raise ReleaseInvalid(f"retrieved_on is {said.retrieved_on}, and today is {today}: nothing is read in the future")
    return said.published_on, said.published_precision, said.retrieved_on or today


def _name(dataset: DataSet, file: Path, said: Sidecar, reference: Reference) -> str:
    published_on, precision, _ = dates(said, reference)
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise ReleaseInvalid(f"{file}: releases end in {', '.join(SUFFIXES)}, not in {suffix!r}")
    return (
        f"{expected_prefix(published_on, precision)}__{_slug(said.document or file.stem.partition('__')[2] or file.stem)}{suffix}"
    )


def _slug(name: str) -> str:
    """``name`` in the letters a release may have; no name is a path, whatever it contains."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9._]+", "-", plain).strip("-._") or "release"


def _place(dataset: DataSet, file: Path, target: Path, said: Sidecar, reference: Reference) -> None:
    published_on, precision, retrieved_on = dates(said, reference)
    temporary = target.with_name(f".{target.name}.tmp")
    with _opened(file) as source, temporary.open("wb") as copy:
        shutil.copyfileobj(source, copy)
    temporary.rename(target)
    slip = {} if said.replaces is None else {"replaces": said.replaces, "reason": said.reason}
    write_sidecar(
        target,
        {
            "document": said.document,
            "published_on": published_on,
            "published_precision": precision,
            "retrieved_on": retrieved_on,
            "note": said.note,
            **slip,
        },
    )
