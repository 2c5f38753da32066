"""Brings a data set's releases into its slice of the raw tables: each release once, whole or refused, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines import release_rules
from pipelines.datasets import DataSet, Release, ReleaseInvalid, SealBroken, checksum, read_release, release_paths, seals
from pipelines.records import columns
from pipelines.reference import Reference
from pipelines.sources import Reader, ReleaseUnreadable
from pipelines.statements import Problem, any_problem, of_release, problems, records
from pipelines.warehouse import ids, touched
from pipelines.warehouse.draft import mark_made
from pipelines.warehouse.tables import SET_ASIDE, TABLE_OF_KIND

# The cell is what a statement is about; an undated statement is about nothing another one can share, so its document
# joins the key.
CELL_ID = """
left(sha256(json_array(
    indicator, definition, freq_class, period_start::varchar, period_end::varchar, ref_area, geo_version, urbanisation,
    breakdown, case when period_end is null then document end
)::varchar), 32)
"""
OBSERVATION_ID = """
sha256(json_array(
    cell_id, dataset, release, publisher, document, locator, obs_value, unit_measure, unit_mult::varchar, bound, obs_lower,
    obs_upper, obs_status, quote
)::varchar)
"""


@dataclass
class Loaded:
    """What became of a data set's releases in this run."""

    added: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    refused: dict[str, list[Problem]] = field(default_factory=dict)
    rows_added: int = 0
    elsewhere: dict[str, list[Problem]] = field(default_factory=dict)
    """Releases of other data sets (``<data set>/<release>``) whose ids are another's now; without problems: accepted again."""


def load(connection: duckdb.DuckDBPyConnection, dataset: DataSet, read: Reader, reference: Reference) -> Loaded:
    """Load what is new of ``dataset``; a second load of everything adds nothing.

    A bad release is refused: its problems stand in ``raw.refused_rows`` and the others are loaded. Raises SealBroken, with
    nothing loaded, when an accepted release has other bytes or is gone.
    """
    recipe = json.dumps([dataset.reader, dataset.kind, dataset.options], sort_keys=True, ensure_ascii=False)
    made = connection.execute("select made_from from pipeline.made where layer = 'raw' and name = ?", [dataset.name]).fetchall()
    known = _known(connection, dataset)
    # Read in another way than before: the slice is made anew from the same sealed releases.
    remade = bool(made) and made[0][0] != recipe
    paths = {path.name: path for path in release_paths(dataset)}
    loaded = Loaded()
    fresh, refused = _sort_out(dataset, paths, {} if remade else known, _accepted(connection, dataset, known), loaded)
    forgotten = known.keys() if remade else (known.keys() - paths.keys()) | (known.keys() & (refused.keys() | fresh.keys()))
    heights: dict[str, int] = {}
    connection.execute("begin transaction")
    try:
        _describe(connection, dataset)
        for name in forgotten:
            _forget(connection, dataset, name)
        for statements, more in _statements(dataset, fresh, read, reference, paths.keys()):
            refused |= more
            if statements:
                _accept(connection, dataset, [fresh[name] for name in statements], statements, reference)
                heights |= {name: frame.height for name, frame in statements.items()}
        for name, found in refused.items():
            loaded.refused[name] = found
            _refuse(connection, dataset, name, fresh.get(name), _checksum(paths[name]), found)
        loaded.added = list(heights)
        if (forgotten or heights) and (remade or dataset.kind in ids.KINDS):
            _settle(connection, dataset, loaded)
        # Of another kind than before too: what it stated then is gone.
        stand = heights.keys() - loaded.refused.keys()
        if forgotten - _refused_as_before(known, fresh, loaded.refused) or any(
            fresh[name].replaces is not None for name in stand
        ):
            touched.note_more(connection, f"{dataset.name}: a release was replaced, taken away or read again")
        if dataset.kind == "observation":
            touched.note(connection, dataset.name, heights)
        loaded.rows_added = sum(heights[name] for name in loaded.added)
        if (
            loaded.added
            or loaded.elsewhere
            or made != [(recipe,)]
            or loaded.refused.keys() != {name for name, met in known.items() if met.status == "REFUSED"}
        ):
            mark_made(connection, "raw", [dataset.name], recipe)
        connection.execute("commit")
    except BaseException:
        # After a full disk there is none to roll back, and that would be told instead.
        with suppress(duckdb.Error):
            connection.execute("rollback")
        raise
    return loaded


@dataclass(frozen=True)
class _Met:
    """What the draft holds of a release: its bytes' checksum, its status, and what its sidecar said then."""

    sha256: str
    status: str
    recorded_at: datetime | None
    said: tuple[Any, ...]


def _known(connection: duckdb.DuckDBPyConnection, dataset: DataSet) -> dict[str, _Met]:
    """Every release of the data set that the draft has met."""
    met = connection.execute(
        "select release, sha256, status, recorded_at, document, published_on, published_precision, retrieved_on, replaces, "
        "reason, note, is_fetched from raw.releases where dataset = ?",
        [dataset.name],
    ).fetchall()
    return {name: _Met(sha, status, recorded_at, tuple(said)) for name, sha, status, recorded_at, *said in met}


def _accepted(
    connection: duckdb.DuckDBPyConnection, dataset: DataSet, known: dict[str, _Met]
) -> dict[str, tuple[str, datetime | None]]:
    """Checksum and date of record of every release that this draft has accepted, or readers' file before it."""
    before = connection.execute("select release, sha256, recorded_at from pipeline.accepted where dataset = ?", [dataset.name])
    return {name: (sha, recorded_at) for name, sha, recorded_at in before.fetchall()} | {
        name: (met.sha256, met.recorded_at) for name, met in known.items() if met.status == "ACCEPTED"
    }


def _said(release: Release) -> tuple[Any, ...]:
    """What the sidecar says, in the order of ``_known``."""
    return (
        release.document,
        release.published_on,
        release.published_precision,
        release.retrieved_on,
        release.replaces,
        release.reason,
        release.note,
        release.fetched is not None,
    )


def _refused_as_before(known: dict[str, _Met], fresh: dict[str, Release], refused: Collection[str]) -> set[str]:
    """Releases that are looked at again at every refresh, and stand as they stood: refused, with the same sidecar."""
    return {
        name
        for name in refused
        if name in known and known[name].status == "REFUSED" and name in fresh and known[name].said == _said(fresh[name])
    }


def _sort_out(
    dataset: DataSet,
    paths: dict[str, Path],
    known: dict[str, _Met],
    accepted: dict[str, tuple[str, datetime | None]],
    loaded: Loaded,
) -> tuple[dict[str, Release], dict[str, list[Problem]]]:
    """Releases to load, and those that are none; notes in ``loaded`` which are kept. Raises SealBroken."""
    gone = {name: sha for name, (sha, _) in accepted.items()} | seals(dataset)
    for name in sorted(gone.keys() - paths.keys()):
        raise SealBroken(
            f"{dataset.folder / name}: was accepted and is gone (sealed {gone[name]}); restore the file, "
            "and mend a slip with a new release whose sidecar says replaces and reason; what is to be forgotten with its "
            "sidecar, `marsad refresh --full` forgets"
        )
    fresh: dict[str, Release] = {}
    refused: dict[str, list[Problem]] = {}
    for name, path in paths.items():
        met = known.get(name)
        before = accepted.get(name)
        try:
            release = read_release(dataset, path)
        except ReleaseInvalid as invalid:
            if before is not None:
                raise SealBroken(
                    f"{path}: was accepted (sealed {before[0]}) and cannot be read as it was: {invalid}"
                ) from invalid
            if isinstance(invalid, SealBroken) and met is None:
                raise
            refused[name] = [Problem("a sealed release with its sidecar", str(invalid))]
            continue
        if before is not None and before != (release.sha256, release.recorded_at):
            raise SealBroken(
                f"{path}: an accepted release never changes, but its seal did: accepted {before[0]} recorded {before[1]}, "
                f"now {release.sha256} recorded {release.recorded_at}; restore file and sidecar, and mend a slip with a new "
                "release whose sidecar says replaces and reason"
            )
        if met is None or met.status != "ACCEPTED":
            fresh[name] = release
        elif met.said != _said(release) or (release.replaces is not None and release.replaces not in paths):
            # The sidecar says more, or better, of the same bytes, or the refused release it stood for was taken away: the
            # release is read again, as a rebuild from nothing would read it.
            fresh[name] = release
        else:
            loaded.kept.append(name)
    return fresh, refused


def _statements(
    dataset: DataSet, fresh: dict[str, Release], read: Reader, reference: Reference, names: Collection[str]
) -> Iterator[tuple[dict[str, pl.DataFrame], dict[str, list[Problem]]]]:
    """Statements of the releases that keep every rule, and the problems of those that do not; as many releases at a time as
    have some ``ROWS_AT_ONCE`` statements, so that memory follows the largest release and not the number of releases.
    """
    good: dict[str, pl.DataFrame] = {}
    refused: dict[str, list[Problem]] = {}
    for name, release in fresh.items():
        if sum(frame.height for frame in good.values()) >= ROWS_AT_ONCE:
            yield _sound(dataset, fresh, good, reference, refused)
            good, refused = {}, {}
        if found := release_rules.of_sidecar(release, reference, names):
            refused[name] = found
            continue
        try:
            good[name] = of_release(read(release.path, dataset.kind, dataset.options), release.document)
        except ReleaseUnreadable as error:
            refused[name] = [Problem(error.rule, str(error), error.row, error.column, error.value)]
    yield _sound(dataset, fresh, good, reference, refused)


ROWS_AT_ONCE = 250_000
"""Statements checked and inserted together: some hundreds of megabytes."""


def _sound(
    dataset: DataSet,
    fresh: dict[str, Release],
    good: dict[str, pl.DataFrame],
    reference: Reference,
    refused: dict[str, list[Problem]],
) -> tuple[dict[str, pl.DataFrame], dict[str, list[Problem]]]:
    """Moves from ``good`` to ``refused`` what breaks a rule."""
    for name in list(good):
        if found := release_rules.of_dates(good[name], fresh[name], reference):
            refused[name] = found
            del good[name]
    # All together first, which is quick; one by one only when somewhere a rule is broken.
    if len(good) == 1 or (good and any_problem(good.values(), dataset.kind, reference)):
        for name in list(good):
            if found := problems(good[name], dataset.kind, reference):
                refused[name] = found
                del good[name]
    return good, refused


def _settle(connection: duckdb.DuckDBPyConnection, dataset: DataSet, loaded: Loaded) -> None:
    """Decide anew whose ids are whose, over all data sets, and note in ``loaded`` what that changed."""
    for (owner, name), found in ids.settle(connection).items():
        if owner != dataset.name:
            loaded.elsewhere[f"{owner}/{name}"] = found
    for name, found in ids.disputed(connection, dataset.name).items():
        loaded.refused[name] = found
        for each in (loaded.added, loaded.kept):
            if name in each:
                each.remove(name)


def _describe(connection: duckdb.DuckDBPyConnection, dataset: DataSet) -> None:
    connection.execute(
        "insert or replace into raw.datasets values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            dataset.name, dataset.domain, dataset.title["en"], dataset.title["fr"], dataset.title["ar"], dataset.description,
            dataset.publisher, dataset.address, dataset.licence, dataset.reader, dataset.kind, dataset.expected_every,
            dataset.max_age_days, dataset.contact, dataset.out_of_service,
        ],
    )  # fmt: skip


def _forget(connection: duckdb.DuckDBPyConnection, dataset: DataSet, name: str) -> None:
    # Every kind's table: a data set may have been of another kind when the release was loaded.
    for table in (*(f"raw.{each}" for each in (*TABLE_OF_KIND.values(), "releases", "refused_rows")), *SET_ASIDE.values()):
        connection.execute(f"delete from {table} where dataset = ? and release = ?", [dataset.name, name])


def _accept(
    connection: duckdb.DuckDBPyConnection,
    dataset: DataSet,
    releases: list[Release],
    statements: dict[str, pl.DataFrame],
    reference: Reference,
) -> None:
    frame = pl.concat(records(statements[release.name], dataset, release, reference) for release in releases)
    names = ", ".join(columns(dataset.kind))
    source = "incoming"
    if dataset.kind == "observation":
        source = f"(select *, {OBSERVATION_ID} as observation_id from (select *, {CELL_ID} as cell_id from incoming))"
    connection.register("incoming", frame.to_arrow())
    connection.execute(f"insert into raw.{TABLE_OF_KIND[dataset.kind]} ({names}) select {names} from {source}")
    connection.unregister("incoming")
    for release in releases:
        _note(connection, dataset, release.name, release, release.sha256, "ACCEPTED", statements[release.name].height)


def _checksum(path: Path) -> str:
    try:
        return checksum(path)
    except OSError:
        # Refused for that very reason, which stands beside it.
        return "unreadable"


def _refuse(
    connection: duckdb.DuckDBPyConnection, dataset: DataSet, name: str, release: Release | None, sha: str, found: list[Problem]
) -> None:
    _note(connection, dataset, name, release, sha, "REFUSED", 0)
    rows = [[dataset.name, name, sha, each.row, each.column, each.value, each.rule, each.message] for each in found]
    connection.executemany("insert into raw.refused_rows values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _note(
    connection: duckdb.DuckDBPyConnection,
    dataset: DataSet,
    name: str,
    release: Release | None,
    sha: str,
    status: str,
    row_count: int,
) -> None:
    said: list[Any] = [None] * 5 if release is None else [
        release.document, release.published_on, release.published_precision, release.retrieved_on, release.recorded_at
    ]  # fmt: skip
    slip: list[Any] = [None] * 4 if release is None else [
        release.replaces, release.reason, release.note, release.fetched is not None
    ]  # fmt: skip
    connection.execute(
        "insert into raw.releases values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [dataset.name, name, dataset.kind, dataset.reader, *said, sha, status, row_count, *slip],
    )
