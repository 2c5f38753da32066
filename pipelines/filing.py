"""Files a release: holds a file against its data set, gives it its place and its sidecar, and seals it.

A file that breaks a rule is not filed, and nothing is left behind. Loading it is the next refresh's business.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pipelines.datasets import (
    DataSet,
    Release,
    ReleaseInvalid,
    checksum,
    expected_prefix,
    read_sidecar,
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


def file_release(dataset: DataSet, file: Path, said: Sidecar, reference: Reference) -> tuple[Release, int]:
    """File and seal ``file`` as a release of ``dataset``; returns it and how many statements it has.

    A file that already lies in the data set's folder beside its unsealed sidecar is checked and sealed where it is.
    Raises ReleaseRefused, ReleaseInvalid, ReaderUnknown.
    """
    in_place = file.resolve().parent == dataset.folder.resolve()
    if in_place:
        read_sidecar(file)
        return _checked_and_sealed(dataset, file, reference)
    if (said.replaces is None) != (said.reason is None):
        raise ReleaseInvalid("replaces and reason go together: which release, and why")
    if said.replaces is not None and not (dataset.folder / said.replaces).is_file():
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
    try:
        statements = of_release(reader(dataset.reader)(path, dataset.kind, dataset.options), read_sidecar(path)["document"])
    except ReleaseUnreadable as error:
        raise ReleaseRefused(path, [Problem(error.rule, str(error), error.row, error.column, error.value)]) from error
    found = problems(statements, dataset.kind, reference)
    if found:
        raise ReleaseRefused(path, found)
    return seal(dataset, path), statements.height


def _dates(said: Sidecar, reference: Reference) -> tuple[date | None, str, date]:
    if said.document is not None:
        known = reference.documents.filter(document=said.document)
        if known.is_empty():
            raise ReleaseInvalid(f"document {said.document!r} is not in the documents seed: describe it there first")
        row = known.row(0, named=True)
        return row["published_on"], row["published_precision"], row["retrieved_on"]
    return said.published_on, said.published_precision, said.retrieved_on or datetime.now(UTC).date()


def _name(dataset: DataSet, file: Path, said: Sidecar, reference: Reference) -> str:
    published_on, precision, _ = _dates(said, reference)
    slug = said.document or file.stem.lower().replace(" ", "-").partition("__")[2] or file.stem.lower().replace(" ", "-")
    return f"{expected_prefix(published_on, precision)}__{slug}{file.suffix.lower()}"


def _place(dataset: DataSet, file: Path, target: Path, said: Sidecar, reference: Reference) -> None:
    published_on, precision, retrieved_on = _dates(said, reference)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.copyfile(file, temporary)
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
