"""Keeps what a publisher sent as a release, to the byte, when it says something new; and leaves everything kept untouched.

A fetched release is written under a temporary name, synced, renamed, and its sidecar comes last: a file without a sidecar is
unfinished and the next night sweeps it. What cannot be read, or breaks a rule, is put aside and never becomes a release.
"""

from __future__ import annotations

import io
import os
import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.datasets import (
    DataSet,
    Release,
    checksum,
    expected_prefix,
    never_before,
    read_release,
    read_sidecar,
    release_paths,
    sidecar_path,
    write_sidecar,
)
from pipelines.fetching import Answer, Fetched, FetchFailed
from pipelines.reference import Reference
from pipelines.settings import Settings
from pipelines.sources import ReleaseUnreadable, reader
from pipelines.statements import Problem, problems

_MARK = "-fetched-"
_SLUG = re.compile(r"[a-z0-9][a-z0-9.-]*")
_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_MOST_SAID = 3
# What is put aside is kept for a person to look at; the oldest go first.
_MOST_ASIDE = 5


class Drifted(FetchFailed):
    """The publisher's answer no longer fits how the data set is read; the message says what changed and since which release."""


def known(dataset: DataSet) -> dict[str, dict[str, str]]:
    """By address, the validators (etag, last-modified) of the answers in the newest fetched release."""
    newest = _newest(dataset)
    if newest is None or newest.fetched is None:
        return {}
    return {
        answer["url"]: {name: answer["headers"][name] for name in ("etag", "last-modified") if name in answer["headers"]}
        for answer in newest.fetched
    }


def keep(settings: Settings, dataset: DataSet, fetched: Fetched, reference: Reference, now: datetime) -> Release | None:
    """File ``fetched`` as a sealed release when it states something else than the newest one; None when it does not.

    Raises Drifted, with the answer put aside, when it cannot be read or breaks a rule of its data set.
    """
    folder = dataset.filing_folder
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(dataset)
    temporary = folder / f".fetching{_checked(_SUFFIX, fetched.suffix)}"
    try:
        _write(temporary, _packed(fetched.answers))
        statements = _read(settings, dataset, temporary, reference)
        if _said(statements).equals(_said(_latest_statements(dataset))):
            return None
        target = folder / _name(dataset, fetched, now)
        temporary.rename(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(folder)
    write_sidecar(
        target,
        {
            "document": _document(statements),
            "published_on": fetched.published_on,
            "published_precision": fetched.published_precision,
            "retrieved_on": now.date(),
            "note": fetched.note,
            "fetched": [_asked(answer) for answer in fetched.answers],
            "sha256": checksum(target),
            "recorded_at": never_before(dataset, now),
        },
    )
    return read_release(dataset, target)


def _newest(dataset: DataSet) -> Release | None:
    """The release recorded last, among those that can be read as one; the next refresh names those that cannot."""
    releases = []
    for path in release_paths(dataset):
        if sidecar_path(path).exists() and "sha256" in read_sidecar(path):
            releases.append(read_release(dataset, path))
    return max(releases, key=lambda release: (release.recorded_at, release.name), default=None)


def _latest_statements(dataset: DataSet) -> pl.DataFrame:
    newest = _newest(dataset)
    if newest is None:
        return pl.DataFrame()
    try:
        return reader(dataset.reader)(newest.path, dataset.kind, dataset.options)
    except ReleaseUnreadable:
        # Refused by the next refresh, which says so; what came now can be read and takes its place.
        return pl.DataFrame()


def _read(settings: Settings, dataset: DataSet, path: Path, reference: Reference) -> pl.DataFrame:
    """Statements of what came, held against every rule. Raises Drifted."""
    try:
        statements = reader(dataset.reader)(path, dataset.kind, dataset.options)
        found = [problem.sentence("the answer") for problem in problems(statements, dataset.kind, reference)]
    except ReleaseUnreadable as error:
        found = [Problem(error.rule, str(error), error.row, error.column, error.value).sentence("the answer")]
    if not found:
        return statements
    aside = _put_aside(settings, dataset, path)
    newest = _newest(dataset)
    since = f"the last release that fits is {newest.name}" if newest else "no release has fitted so far"
    more = f" (and {len(found) - _MOST_SAID} more)" if len(found) > _MOST_SAID else ""
    raise Drifted(f"{'; '.join(found[:_MOST_SAID])}{more}; {since}; what came is kept in {aside}")


def _document(statements: pl.DataFrame) -> str | None:
    """The document that all statements are of, or None when there are several."""
    documents = statements["document"].unique().to_list()
    return str(documents[0]) if len(documents) == 1 else None


def _said(statements: pl.DataFrame) -> pl.DataFrame:
    """What is stated, wherever in the answer it stands: columns and rows that only moved say nothing new."""
    stated = statements.drop("locator", strict=False)
    return stated.sort(stated.columns) if stated.width else stated


def _asked(answer: Answer) -> dict[str, Any]:
    return {"url": answer.url, "at": answer.at, "status": answer.status, "headers": dict(answer.headers)}


def _name(dataset: DataSet, fetched: Fetched, now: datetime) -> str:
    """A file name of our own making: nothing that a publisher sends decides a path."""
    prefix = expected_prefix(fetched.published_on, fetched.published_precision)
    stem = f"{prefix}__{_checked(_SLUG, fetched.slug)}{_MARK}{now:%Y-%m-%d}"
    taken = {path.name for path in release_paths(dataset)}
    names = (f"{stem}{'' if number == 1 else f'-{number}'}{fetched.suffix}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def _checked(form: re.Pattern[str], said: str) -> str:
    if not form.fullmatch(said):
        raise ValueError(f"{said!r} cannot be part of a release's name")
    return said


def _packed(answers: list[Answer]) -> bytes:
    """One answer as it came; several as a ZIP of them, stored, the same bytes for the same answers."""
    if len(answers) == 1:
        return answers[0].body
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, answer in enumerate(answers, start=1):
            archive.writestr(zipfile.ZipInfo(f"{number:03d}"), answer.body)
    return packed.getvalue()


def _put_aside(settings: Settings, dataset: DataSet, path: Path) -> Path:
    folder = settings.warehouse / "put_aside" / dataset.name
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f"{checksum(path)[:12]}{path.suffix}"
    os.replace(path, aside)
    for old in sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime_ns)[:-_MOST_ASIDE]:
        old.unlink()
    return aside


def _sweep(dataset: DataSet) -> None:
    """Remove what an interrupted night left: fetched files whose sidecar never came, and temporary ones."""
    folder = dataset.filing_folder
    for path in (*folder.glob(".fetching*"), *folder.glob(f"*__*{_MARK}*")):
        if path.suffix != ".yml" and not sidecar_path(path).exists():
            path.unlink()


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
