"""What must hold of the published file whenever anybody looks: publication, rows and marts belong together.

Every round of the campaign files one release with one more company than the round before, so that a mart's figure tells which
releases it was made from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipelines.datasets import seal, write_sidecar
from pipelines.settings import Settings
from pipelines.warehouse import publication
from tests.house import OBSERVATION, RECORDED, RETRIEVED, House, figures

DATA_SET = "offshoring/exports"
CORRECTED = "strategy/strategy_targets"
"""The ledger of corrections wants it: one that meets no statement stops a refresh."""
FIRST = 3388

_TABLES = (("observations", "observations"), ("targets", "targets"), ("events", "events"), ("datasets", "data_sets"))


class Torn(AssertionError):
    """Parts of the published file do not belong together."""


@dataclass(frozen=True)
class Seen:
    """One look: which publication, and which round's figure the marts have (0 before the first)."""

    publication: str
    fingerprint: str
    round: int


def file_round(house: House, number: int) -> None:
    """A release of the same cell, recorded after the one before: the newest is the current figure."""
    data_set = house.data_set(DATA_SET)
    path = data_set.folder / f"undated__round-{number:06d}.csv"
    path.write_bytes(figures("observation", [OBSERVATION | {"obs_value": str(FIRST + number)}]))
    said = {"document": None, "published_on": None, "published_precision": "UNKNOWN", "retrieved_on": RETRIEVED, "note": None}
    write_sidecar(path, said)
    seal(data_set, path, RECORDED + timedelta(seconds=number))


def look(connection: duckdb.DuckDBPyConnection) -> Seen:
    """Hold the parts of an open file against each other. Raises Torn."""
    said = _one(
        connection,
        "select publication, fingerprint, observations, targets, events, data_sets, releases from reference.publication",
    )
    for table, column in _TABLES:
        [count] = _one(connection, f"select count(*) from raw.{table}")
        _same(f"raw.{table}", count, said[column])
    [accepted, newest] = _one(
        connection,
        "select count(*), coalesce(max(regexp_extract(release, 'round-(\\d+)', 1)), '') from raw.releases where status = 'ACCEPTED'",
    )
    _same("accepted releases", accepted, said["releases"])
    round_ = int(newest or 0)
    figure = (
        "select value::integer from {} where definition = 'company_creations@ompic' and ref_area = '01' and period = '2022-Q1'"
    )
    for mart in ("marts.regional_indicators", "marts.regional_company_creation"):
        [value] = (
            _one(
                connection,
                figure.format(mart),
            )
            if round_
            else (FIRST,)
        )
        _same(f"{mart} after round {round_}", value, FIRST + round_)
    [statements] = _one(connection, "select sum(statements)::integer from quality.source_health")
    _same("quality.source_health", statements, said["observations"] + said["targets"] + said["events"])
    return Seen(said["publication"], said["fingerprint"], round_)


def inspect(settings: Settings) -> Seen:
    """Look at what readers get, and hold it against its folder, its manifest and its checksum. Raises Torn."""
    now = publication.current(settings)
    if now is None:
        raise Torn("current is no publication")
    _same("bytes", now.file.stat().st_size, now.manifest["bytes"])
    _same("checksum", publication.checksum(now.file), now.manifest["sha256"])
    _same("files", sorted(path.name for path in now.folder.iterdir()), ["manifest.json", "marsad.duckdb"])
    with duckdb.connect(now.file, read_only=True) as connection:
        seen = look(connection)
        _same("fingerprint", seen.fingerprint, now.manifest["fingerprint"])
        for table, rows in now.manifest["rows"].items():
            [count] = _one(connection, f"select count(*) from {table}")
            _same(table, count, rows)
    return seen


class _Row(tuple[Any, ...]):
    names: list[str]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.names.index(key) if isinstance(key, str) else key)


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> _Row:
    cursor = connection.execute(sql)
    rows = cursor.fetchall()
    if len(rows) != 1:
        raise Torn(f"{len(rows)} rows of {sql}")
    row = _Row(rows[0])
    row.names = [column[0] for column in cursor.description or []]
    return row


def _same(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise Torn(f"{what}: {expected} expected, {found} found")


def read_through_the_link(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The file as an analyst opens it: by the link, read-only."""
    return duckdb.connect(Path(settings.published), read_only=True)


def manifests(settings: Settings) -> dict[str, dict[str, Any]]:
    """Every manifest now kept, by publication."""
    return {
        path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in settings.publications.glob("*-*/manifest.json")
    }
