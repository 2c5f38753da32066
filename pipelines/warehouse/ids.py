"""Whose id is whose: of two releases that name one target or event alike, the one recorded first keeps it, in any data set.

The verdict depends on the releases alone and never on the order in which they came: it is the one that loading them in the
order in which they were recorded would have given. What does not belong here: rules that a release keeps or breaks by itself
(``statements``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl

from pipelines.datasets import Release
from pipelines.statements import Problem
from pipelines.warehouse.tables import SET_ASIDE, TABLE_OF_KIND

KINDS = tuple(SET_ASIDE)
"""Kinds of record that are named by their publisher's statement and not by a checksum of it."""

_RULE = "an id of its own"
Key = tuple[str, str]
"""Data set and release."""


@dataclass(frozen=True)
class Claim:
    """A release that is good by itself: when it was recorded, which release it stands for, its rows' ids in order."""

    recorded_at: datetime
    replaces: str | None
    ids: tuple[tuple[int, str], ...]
    """Row of the release and id."""


def judge(claims: Mapping[Key, Claim]) -> dict[Key, list[tuple[int, str, Key]]]:
    """Releases whose ids others had before: row, id and holder of each. A release that replaces another takes its ids over.

    Releases are taken in the order in which they were recorded (then by data set and name); a refused one claims nothing,
    and what a mended release no longer states is free again for whoever is recorded later.
    """
    holder: dict[str, Key] = {}
    withdrawn: set[Key] = set()
    refused: dict[Key, list[tuple[int, str, Key]]] = {}
    for key in sorted(claims, key=lambda each: (claims[each].recorded_at, each)):
        before = _stood_for(key, claims)
        taken = [
            (row, id_, holder[id_])
            for row, id_ in claims[key].ids
            if id_ in holder and holder[id_] not in before and key not in _stood_for(holder[id_], claims)
        ]
        if taken:
            refused[key] = taken
            continue
        if before:
            withdrawn |= before
            holder = {id_: who for id_, who in holder.items() if who not in before}
        if key not in withdrawn:
            for _, id_ in claims[key].ids:
                holder.setdefault(id_, key)
    return refused


def _stood_for(key: Key, claims: Mapping[Key, Claim]) -> set[Key]:
    """What the release replaces, and what that one replaced."""
    found: set[Key] = set()
    while key in claims and (replaces := claims[key].replaces) is not None and (key[0], replaces) not in found:
        key = (key[0], replaces)
        found.add(key)
    return found


def claim(release: Release, kind: str, statements: pl.DataFrame) -> Claim:
    """What ``release`` claims by its statements of ``kind``."""
    return Claim(release.recorded_at, release.replaces, tuple(enumerate(statements[f"{kind}_id"].to_list(), start=1)))


def as_problems(kind: str, taken: Sequence[tuple[int, str, Key]]) -> list[Problem]:
    """Verdict of ``judge`` on one release, told row by row."""
    return [
        Problem(
            _RULE,
            f"{kind}_id is that of a row of {'/'.join(holder)}: give it an id of its own, or mend that release with one that "
            "replaces it",
            row,
            f"{kind}_id",
            id_,
        )
        for row, id_, holder in taken
    ]


def settle(connection: duckdb.DuckDBPyConnection) -> dict[Key, list[Problem]]:
    """Bring the raw tables in line with the verdict: rows of refused releases are set aside, others' are taken up again.

    Returns the releases whose verdict changed: with problems those that were accepted until now, without any those that are
    accepted again. Within the caller's transaction.
    """
    changed: dict[Key, list[Problem]] = {}
    for kind in KINDS:
        table, aside = f"raw.{TABLE_OF_KIND[kind]}", SET_ASIDE[kind]
        claims = _claims(connection, kind)
        verdict = judge(claims)
        before = set(connection.execute(f"select distinct dataset, release from {aside}").fetchall())
        for key in before | verdict.keys():
            connection.execute("delete from raw.refused_rows where dataset = ? and release = ? and rule = ?", [*key, _RULE])
            problems = as_problems(kind, verdict.get(key, []))
            if key not in before:
                _move(connection, key, table, aside, "REFUSED", 0)
                changed[key] = problems
            elif not problems:
                _move(connection, key, aside, table, "ACCEPTED", len(claims[key].ids))
                changed[key] = []
            for each in problems:
                connection.execute(
                    "insert into raw.refused_rows "
                    "select dataset, release, sha256, ?, ?, ?, ?, ? from raw.releases where dataset = ? and release = ?",
                    [each.row, each.column, each.value, each.rule, each.message, *key],
                )
    return changed


def disputed(connection: duckdb.DuckDBPyConnection, dataset: str) -> dict[str, list[Problem]]:
    """Releases of ``dataset`` that are refused for their ids alone."""
    found: dict[str, list[Problem]] = {}
    for release, row, column, value, message in connection.execute(
        "select release, row_number, column_name, value, message from raw.refused_rows where dataset = ? and rule = ? "
        "order by release, row_number",
        [dataset, _RULE],
    ).fetchall():
        found.setdefault(release, []).append(Problem(_RULE, message, row, column, value))
    return found


def _claims(connection: duckdb.DuckDBPyConnection, kind: str) -> dict[Key, Claim]:
    """Every release of ``kind`` that is good by itself."""
    found = connection.execute(
        f"""
        select records.dataset, records.release, any_value(releases.recorded_at), any_value(releases.replaces),
            list((release_row, {kind}_id) order by release_row)
        from (from raw.{TABLE_OF_KIND[kind]} union all from {SET_ASIDE[kind]}) as records
        inner join raw.releases as releases on releases.dataset = records.dataset and releases.release = records.release
        group by records.dataset, records.release
        """
    ).fetchall()
    return {(dataset, release): Claim(recorded, replaces, tuple(ids)) for dataset, release, recorded, replaces, ids in found}


def _move(connection: duckdb.DuckDBPyConnection, key: Key, source: str, target: str, status: str, rows: int) -> None:
    connection.execute(f"insert into {target} from {source} where dataset = ? and release = ?", list(key))
    connection.execute(f"delete from {source} where dataset = ? and release = ?", list(key))
    connection.execute(
        "update raw.releases set status = ?, row_count = ? where dataset = ? and release = ?", [status, rows, *key]
    )
