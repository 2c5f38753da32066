"""Publishing the draft: a verified copy in a folder of its own, then the switch of one symbolic link; and the way back.

Readers keep the file they opened; whoever opens ``current`` next gets the new one. At every moment ``current`` is the old
publication or the new one, whole.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines import __version__
from pipelines.datasets import checksum
from pipelines.errors import Blocked, Unknown
from pipelines.settings import CATALOG, Settings, sql_text
from pipelines.warehouse import asked, clocks, tables
from pipelines.warehouse.draft import STORAGE_VERSION

KEPT = 5
"""Publications kept for rolling back."""

_BUILDING = ".building"
_DAMAGED = ".damaged"
_NAME = re.compile(r"(\d{6})-[0-9a-f]{12}")
_SAID_BY_ALL = {"publication": str, "fingerprint": str, "bytes": int, "sha256": str, "rows": dict, "published_at": str}
# Blocks that DuckDB may leave empty in a file before the copy is written anew instead of byte by byte.
_MOST_EMPTY = 0.5
_PUBLICATION_TABLE = """
create or replace table reference.publication as
select
    ? as publication, ? as fingerprint, ? as marsad_version,
    (select max(recorded_at) from raw.releases where status = 'ACCEPTED') as latest_recorded_at,
    (select count(*) from raw.datasets)::integer as data_sets,
    (select count(*) from raw.releases where status = 'ACCEPTED')::integer as releases,
    (select count(*) from raw.observations)::integer as observations,
    (select count(*) from raw.targets)::integer as targets,
    (select count(*) from raw.events)::integer as events
"""
_PUBLICATION_COMMENTS = {
    None: "One row: which publication of the warehouse this file is. Cite `publication`; the same inputs give the same one.",
    "publication": "Short name of the content: the first 12 digits of the fingerprint.",
    "fingerprint": "SHA-256 over every input: releases and sidecars, reference tables, models, code, locked versions.",
    "marsad_version": "Version of the software that made it.",
    "latest_recorded_at": "When the newest release in it was recorded here (UTC).",
    "data_sets": "Number of data sets.",
    "releases": "Number of accepted releases.",
    "observations": "Number of observations, every vintage counted.",
    "targets": "Number of target statements.",
    "events": "Number of event statements.",
}


class PublicationRefused(Blocked):
    """The draft cannot be published as it is; the message says what to do."""


class NothingPublished(Unknown):
    """There is no publication, or not the one asked for."""


@dataclass(frozen=True)
class Found:
    """A published file that was found damaged: which, what was wrong with it, when it was seen, and what readers got instead
    (None: no earlier one was whole, and they get nothing until the next publication).
    """

    publication: str
    wrong: str
    found_at: str
    instead: str | None

    def __str__(self) -> str:
        now = f"readers get {self.instead} again" if self.instead else "no earlier one is whole, so readers get nothing"
        return f"{self.publication} was found damaged ({self.wrong}); {now} until the next publication"


@dataclass(frozen=True)
class Publication:
    """One publication: its folder's name ``<ordinal>-<content>`` and its manifest."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """``<ordinal>-<content>``: the ordinal grows by one at each publication, whatever the clock says."""
        return self.folder.name

    @property
    def file(self) -> Path:
        """The DuckDB file."""
        return self.folder / f"{CATALOG}.duckdb"


def publications(settings: Settings) -> list[Publication]:
    """Those kept whose manifest can be read, oldest first."""
    found = []
    for folder in _folders(settings):
        # One whose manifest cannot be read is none: it is neither taken up nor in anybody's way.
        with suppress(OSError, ValueError):
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            if isinstance(manifest, dict) and all(isinstance(manifest.get(key), kind) for key, kind in _SAID_BY_ALL.items()):
                found.append(Publication(folder, manifest))
    return found


def _folders(settings: Settings) -> list[Path]:
    return sorted(path for path in settings.publications.glob("*-*") if _NAME.fullmatch(path.name))


def current(settings: Settings) -> Publication | None:
    """The one readers get now, or None when nothing has been published."""
    if not settings.current.is_symlink():
        return None
    folder = settings.current.resolve()
    return next((each for each in publications(settings) if each.folder == folder), None)


def last_intact(settings: Settings) -> Publication | None:
    """The one readers get, or, when its file is not what was published, the newest kept one whose file is; None without any."""
    now, gone = current(settings), withdrawn(settings)
    others = [each for each in reversed(publications(settings)) if each.manifest["fingerprint"] not in gone]
    return next((each for each in [*([now] if now else []), *others] if why_not_whole(each) is None), None)


def named(settings: Settings, name: str) -> Publication:
    """The kept publication ``name``. Raises NothingPublished, naming those that are kept."""
    kept = publications(settings)
    found = next((each for each in kept if each.name == name), None)
    if found is None:
        raise NothingPublished(f"there is no publication {name}; kept: {', '.join(each.name for each in kept) or 'none'}")
    return found


def publish(settings: Settings, fingerprint: str, manifest: dict[str, Any]) -> Publication:
    """Copy the draft into a publication, verify it and switch ``current`` to it. The caller holds the writer's lock.

    ``manifest`` is what the run adds to the manifest (checks, durations, revision, ...). Raises PublicationRefused when the
    copy does not hold what the draft holds; then nothing is switched.
    """
    settings.publications.mkdir(parents=True, exist_ok=True)
    sweep(settings)
    name = f"{_next_ordinal(settings):06d}-{fingerprint[:12]}"
    building = settings.publications / f"{_BUILDING}-{name}"
    building.mkdir()
    try:
        said = _fill(settings, building, fingerprint, manifest)
    except BaseException:
        # Half a copy would keep a full disk full.
        _remove(building)
        raise
    building.chmod(0o555)
    folder = settings.publications / name
    building.rename(folder)
    _sync(settings.publications)
    # Whoever publishes inputs that were rolled back from asked for them.
    readmit(settings, fingerprint)
    _switch(settings, folder)
    _damage_path(settings).unlink(missing_ok=True)
    _prune(settings)
    return Publication(folder, said)


def mend(settings: Settings) -> Found | None:
    """Look whether what readers get is, byte for byte, what was published; if not, give them the last earlier one that is.

    The caller holds the writer's lock. Returns the damage found now, or earlier and not yet published over; it goes into the
    manifest of the next publication. A damaged publication is set aside as ``.damaged-<name>``, to be looked at, until the
    next one is.
    """
    if not os.path.lexists(settings.current):
        found = damage(settings)
    elif (wrong := _what_is_wrong(settings)) is None:
        return damage(settings)
    else:
        found = _found(settings, wrong)
    if found is None:
        return None
    try:
        # Noted first: a run that is killed from here on has told the next one.
        _write_durably(_damage_path(settings), json.dumps(vars(found)) + "\n")
    finally:
        _set_link_aside(settings)
        if found.instead is not None and (settings.publications / found.instead).is_dir():
            _switch(settings, settings.publications / found.instead)
        else:
            # Nothing is better than figures that nobody published.
            settings.current.unlink(missing_ok=True)
            _sync(settings.warehouse)
    _set_aside(settings, found.publication)
    return found


def damage(settings: Settings) -> Found | None:
    """The damage found since the last publication, as ``mend`` noted it."""
    said = _note(_damage_path(settings))
    if said is not None and (not isinstance(said, dict) or said.keys() != {field.name for field in fields(Found)}):
        raise PublicationRefused(
            f"{_damage_path(settings)}: is no note of damage ({str(said)[:80]!r}): look at it, and remove it"
        )
    return None if said is None else Found(**said)


def why_not_whole(published: Publication) -> str | None:
    """What differs from what was published: size, checksum, or a log beside the file; None when nothing does."""
    file, said = published.file, published.manifest
    try:
        if (size := file.stat().st_size) != said["bytes"]:
            return f"{size} bytes, and {said['bytes']} were published"
        if (sha := checksum(file)) != said["sha256"]:
            return f"its checksum is {sha}, and {said['sha256']} was published"
    except OSError as error:
        return f"the file cannot be read: {error.strerror}"
    # Any client that opens the file would take it for the last changes to it.
    return "a write-ahead log stands beside it" if file.with_name(f"{file.name}.wal").exists() else None


def _found(settings: Settings, wrong: str) -> Found:
    name = settings.current.readlink().name if settings.current.is_symlink() else settings.current.name
    gone = withdrawn(settings)
    instead = next(
        (
            each.name
            for each in reversed(publications(settings))
            # Never one that a person went back from: those are later ones, or withdrawn.
            if (each.name < name or not _NAME.fullmatch(name))
            and each.manifest["fingerprint"] not in gone
            and why_not_whole(each) is None
        ),
        None,
    )
    return Found(name, wrong, datetime.now(UTC).isoformat(timespec="seconds"), instead)


def _what_is_wrong(settings: Settings) -> str | None:
    if not settings.current.is_symlink():
        return "a folder or a file stands where the link to it should"
    now = current(settings)
    if now is not None:
        return why_not_whole(now)
    return "its manifest cannot be read" if settings.current.is_dir() else "its folder is gone"


def _set_link_aside(settings: Settings) -> None:
    """Move away what is no link: neither a file nor a folder can be replaced by one in a single step."""
    if os.path.lexists(settings.current) and not settings.current.is_symlink():
        aside = settings.warehouse / f"{_DAMAGED}-current"
        if aside.is_dir():
            _remove(aside)
        settings.current.rename(aside)


def _set_aside(settings: Settings, name: str) -> None:
    folder = settings.publications / name
    if _NAME.fullmatch(name) and folder.is_dir():
        for earlier in settings.publications.glob(f"{_DAMAGED}-*"):
            _remove(earlier)
        folder.rename(settings.publications / f"{_DAMAGED}-{name}")


def _next_ordinal(settings: Settings) -> int:
    """One more than any that was ever used: those set aside and the one that readers have count too."""
    used = [folder.name for folder in _folders(settings)]
    used += [path.name.removeprefix(f"{_DAMAGED}-") for path in settings.publications.glob(f"{_DAMAGED}-*")]
    if (found := damage(settings)) is not None:
        used.append(found.publication)
    return 1 + max((int(name.split("-")[0]) for name in used if _NAME.fullmatch(name)), default=0)


def _note(path: Path) -> Any:
    """What one of the warehouse's own notes says; None when there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise PublicationRefused(f"{path}: cannot be read ({error}): look at it, and remove it") from error


def _damage_path(settings: Settings) -> Path:
    return settings.warehouse / "damage.json"


def _fill(settings: Settings, building: Path, fingerprint: str, manifest: dict[str, Any]) -> dict[str, Any]:
    """Put the verified copy and its manifest into ``building``, on the disk; returns what the manifest says."""
    file = building / f"{CATALOG}.duckdb"
    rows = _copy(settings.draft, file, fingerprint)
    _verify(file, rows)
    found = damage(settings)
    said = {
        "publication": building.name.removeprefix(f"{_BUILDING}-"),
        "fingerprint": fingerprint,
        "bytes": file.stat().st_size,
        "sha256": checksum(file),
        "rows": rows,
        "published_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"damage": vars(found)} if found else {}),
        **manifest,
    }
    _write_durably(building / "manifest.json", json.dumps(said, indent=2, ensure_ascii=False, default=str) + "\n")
    for path in building.iterdir():
        _sync(path)
        path.chmod(0o444)
    _sync(building)
    return said


def rollback(settings: Settings, name: str | None = None) -> tuple[Publication, Publication]:
    """Switch ``current`` back to ``name``, or to the last one before of other content. The caller holds the writer's lock.

    The inputs of what is left are remembered as withdrawn, so that the next night does not publish them again by itself.
    Returns (left, taken up). Raises NothingPublished.
    """
    now = current(settings)
    if now is None:
        raise NothingPublished("nothing has been published yet: run `marsad refresh`")
    kept = publications(settings)
    # One of the same content (built anew in full, or left by a run that was killed) would change nothing for readers.
    earlier = [each for each in kept if each.name < now.name and each.manifest["fingerprint"] != now.manifest["fingerprint"]]
    wanted = next((each for each in kept if each.name == name), None) if name else (earlier[-1] if earlier else None)
    if wanted is None or wanted.name == now.name:
        names = ", ".join(each.name for each in kept if each.name != now.name) or "none"
        raise NothingPublished(f"there is no publication {name or 'before ' + now.name} to go back to; kept: {names}")
    if (wrong := why_not_whole(wanted)) is not None:
        raise PublicationRefused(f"{wanted.file}: is not the file that was published: {wrong}")
    _verify(wanted.file, wanted.manifest["rows"])
    # What is taken up again, going forward, is withdrawn no longer.
    left = (withdrawn(settings) | {now.manifest["fingerprint"]}) - {wanted.manifest["fingerprint"]}
    _write_durably(_withdrawn_path(settings), json.dumps(sorted(left)) + "\n")
    _switch(settings, wanted.folder)
    return now, wanted


def withdrawn(settings: Settings) -> set[str]:
    """Fingerprints that a person rolled back from. Raises PublicationRefused when the note of them cannot be read."""
    said = _note(_withdrawn_path(settings))
    if said is not None and not (isinstance(said, list) and all(isinstance(each, str) for each in said)):
        raise PublicationRefused(
            f"{_withdrawn_path(settings)}: is no list of contents ({str(said)[:80]!r}): look at it, and remove it"
        )
    return set(said or [])


def readmit(settings: Settings, fingerprint: str) -> None:
    """Forget that ``fingerprint`` was rolled back from: a person asked for it again."""
    if fingerprint in (before := withdrawn(settings)):
        _write_durably(_withdrawn_path(settings), json.dumps(sorted(before - {fingerprint})) + "\n")


def sweep(settings: Settings) -> None:
    """Remove what a killed publication left half-built."""
    for path in settings.publications.glob(f"{_BUILDING}-*"):
        _remove(path)


def _withdrawn_path(settings: Settings) -> Path:
    return settings.warehouse / "withdrawn.json"


def _copy(draft: Path, file: Path, fingerprint: str) -> dict[str, int]:
    """A copy of the draft without the pipeline's own schema, in its storage format; returns rows by table.

    The bytes are copied, which takes no time, unless so much of the file is empty that it is worth compacting.
    """
    if draft.with_name(f"{draft.name}.wal").exists():
        raise PublicationRefused(f"{draft}: a write-ahead log stands beside it, which a copy of the file would lack: run again")
    with duckdb.connect() as connection:
        connection.execute(f"attach {sql_text(draft)} as draft (read_only)")
        rows = _count(connection, "draft") | {"reference.publication": 1}
        [(total, empty)] = connection.execute(
            "select total_blocks, free_blocks from pragma_database_size() where database_name = 'draft'"
        ).fetchall()
        if empty > _MOST_EMPTY * total:
            connection.execute(f"attach {sql_text(file)} as {CATALOG} (storage_version '{STORAGE_VERSION}')")
            connection.execute(f"copy from database draft to {CATALOG}")
            connection.execute(f"detach {CATALOG}")
    if not file.exists():
        shutil.copyfile(draft, file)
    with duckdb.connect(file) as connection:
        connection.execute("drop schema pipeline cascade")
        connection.execute("create schema if not exists reference")
        connection.execute(_PUBLICATION_TABLE, [fingerprint[:12], fingerprint, __version__])
        for column, comment in _PUBLICATION_COMMENTS.items():
            what = f"column reference.publication.{column}" if column else "table reference.publication"
            connection.execute(f"comment on {what} is {sql_text(comment)}")
        tables.comment(connection)
        clocks.define(connection)
        asked.define(connection)
        connection.execute("checkpoint")
    return rows


def _count(connection: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, int]:
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? and schema_name <> 'pipeline' order by all",
        [catalog],
    ).fetchall()
    counts = {}
    for schema, table in tables:
        [(count,)] = connection.execute(f'select count(*) from "{catalog}"."{schema}"."{table}"').fetchall()
        counts[f"{schema}.{table}"] = int(count)
    return counts


def _verify(file: Path, expected: dict[str, int]) -> None:
    """Open the file as a reader would and count; raises PublicationRefused when it does not hold what it should."""
    if file.with_name(file.name + ".wal").exists():
        raise PublicationRefused(f"{file}: a write-ahead log stands beside it: the copy was not finished")
    try:
        connection = duckdb.connect(file, read_only=True)
        try:
            found = _count(connection, CATALOG)
        finally:
            connection.close()
    except duckdb.Error as error:
        raise PublicationRefused(f"{file}: cannot be read back: {error}") from error
    wrong = [
        f"{table}: {expected.get(table)} expected, {found.get(table)} found"
        for table in sorted(expected.keys() | found.keys())
        if expected.get(table) != found.get(table)
    ]
    if wrong:
        raise PublicationRefused(f"{file}: does not hold what was built: {'; '.join(wrong)}")


def _switch(settings: Settings, folder: Path) -> None:
    link = settings.warehouse / f".current-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.relative_to(settings.warehouse))
    link.replace(settings.current)
    _sync(settings.warehouse)


def _prune(settings: Settings) -> None:
    now = settings.current.resolve()
    for folder in _folders(settings)[:-KEPT]:
        if folder != now:
            _remove(folder)


def _remove(folder: Path) -> None:
    # Renamed first: a folder that is half removed must not look like a publication.
    folder.chmod(stat.S_IRWXU)
    doomed = folder.with_name(f"{_BUILDING}-removing-{folder.name.removeprefix(_BUILDING + '-')}")
    with suppress(FileNotFoundError):
        folder.rename(doomed)
    shutil.rmtree(doomed)


def _write_durably(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text, encoding="utf-8")
    _sync(temporary)
    temporary.replace(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
