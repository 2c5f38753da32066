"""What would vanish if the draft were published: fewer rows, or indicators, areas and periods that are no longer there.

A warehouse grows. What is less than last time is blocked, unless a data set's ``may_shrink`` (or a mart's, in its YAML) allows
that much, or a person names what may shrink this once. What does not belong here: what else changed (``changes``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from pipelines.datasets import MEASURES, MayShrink
from pipelines.errors import Blocked
from pipelines.warehouse.changes import Shape, shapes
from pipelines.warehouse.tables import replaced

MOST_NAMED = 12
"""Codes named in a message; the manifest and Dagster's page have up to ``MOST_KEPT``."""
MOST_KEPT = 200

# Measure -> what counts as one, by kind of record; an event has no indicator.
_MEASURED: dict[str, dict[str, str]] = {
    "observations": {
        "indicators": "indicator",
        "areas": "ref_area",
        "periods": "concat_ws('/', period_start::varchar, coalesce(period_end::varchar, 'undated'))",
    },
    "targets": {"indicators": "indicator", "areas": "ref_area", "periods": "due_period"},
    "events": {"areas": "ref_area", "periods": "time_period"},
}
_MART_COLUMN = {"indicators": "indicator", "areas": "ref_area", "periods": "period"}


class Shrinks(Blocked):
    """The draft has less than what is published, and nobody said that it may."""


@dataclass(frozen=True)
class Loss:
    """What one data set or mart (``name``) has less of: ``measure`` is rows, indicators, areas or periods.

    ``lost`` of the ``before`` it had; ``codes`` are those that vanish (none for rows), at most ``MOST_KEPT`` of them.
    """

    name: str
    measure: str
    before: int
    lost: int
    codes: tuple[str, ...] = ()

    def exceeds(self, allowed: MayShrink) -> bool:
        """Whether more is lost than ``allowed``, in percent of what there was."""
        return 100 * self.lost > allowed.get(self.measure, 0) * self.before

    def sentence(self) -> str:
        """As a person reads it."""
        named = ", ".join(self.codes[:MOST_NAMED])
        more = self.lost - min(len(self.codes), MOST_NAMED)
        codes = f": {named}{f' and {more} more' if more else ''}" if named else ""
        return f"{self.name}: {self.lost:,} of {self.before:,} {self.measure}{codes}"

    def plain(self) -> dict[str, Any]:
        """As it stands in a manifest."""
        return asdict(self)


def losses(connection: duckdb.DuckDBPyConnection, only: Mapping[str, str] | None = None) -> list[Loss]:
    """Whatever ``after`` has less of than ``before``, attached side by side: data sets first, then marts.

    Of a data set only the statements that stand are counted: those of accepted releases that no other replaces. ``only`` has, by
    table, the condition that every row of either side meets which may differ (``touched.changed_since``): where these lose
    nothing, the whole does not.
    """
    only = only or {}
    before, after = shapes(connection, "before"), shapes(connection, "after")
    found = []
    for table, measured in _MEASURED.items():
        # Releases came, and none of them stands for another.
        if f"raw.{table}" in only:
            continue
        sides = {side: _standing(side, table) for side in ("before", "after")}
        found += _fewer_rows(connection, "dataset", sides)
        for measure, code in measured.items():
            found += _vanished(connection, measure, "dataset", code, sides)
    for name in sorted(each for each in before if each.startswith("marts.")):
        if name not in only or _losses_of_mart(connection, name, before[name], after.get(name), only[name]):
            found += _losses_of_mart(connection, name, before[name], after.get(name))
    return sorted(found, key=lambda each: (each.name.startswith("marts."), each.name, MEASURES.index(each.measure)))


def blocking(found: Sequence[Loss], allowed: Mapping[str, MayShrink], accepted: Collection[str]) -> list[Loss]:
    """The losses that nobody allowed: neither a threshold, by data set or mart, nor a person who named it."""
    return [each for each in found if each.name not in accepted and each.exceeds(allowed.get(each.name, {}))]


def message(blocked: Sequence[Loss], since: str, full: bool) -> str:
    """What would vanish, and what to do if it should."""
    names = list(dict.fromkeys(each.name for each in blocked))
    command = " ".join(["marsad refresh", *(["--full"] if full else []), *(f"--accept-shrinkage {name}" for name in names)])
    return "\n".join(
        [
            f"the warehouse would have less than {since}:",
            *(f"  {each.sentence()}" for each in blocked),
            f"if that is right, publish it with `{command}`; what may shrink every time is said by may_shrink in its dataset.yml "
            "(of a mart: in its YAML)",
        ]
    )


def _standing(side: str, table: str) -> str:
    return f"""(
        from {side}.raw.{table}
        anti join ({replaced(f"{side}.")}) using (dataset, release)
    )"""


def _losses_of_mart(
    connection: duckdb.DuckDBPyConnection, name: str, before: Shape, after: Shape | None, may_differ: str = "true"
) -> list[Loss]:
    if after is None:
        [(count,)] = connection.execute(f"select count(*) from before.{name}").fetchall()
        # An empty mart that goes is a loss too: whoever asks it next meets an error.
        return [Loss(name, "rows", max(int(count), 1), max(int(count), 1))]
    sides = {side: f"(from {side}.{name} where {may_differ})" for side in ("before", "after")}
    found = _fewer_rows(connection, f"'{name}'", sides)
    for measure, column in _MART_COLUMN.items():
        if column in before.columns and column in after.columns:
            found += _vanished(connection, measure, f"'{name}'", column, sides)
    return found


def _fewer_rows(connection: duckdb.DuckDBPyConnection, name: str, sides: Mapping[str, str]) -> list[Loss]:
    rows = connection.execute(
        f"""
        with was as (select {name} as name, count(*) as had from {sides["before"]} group by all),
        now as (select {name} as name, count(*) as has from {sides["after"]} group by all)
        select name, had, had - coalesce(has, 0) as lost from was left join now using (name) where lost > 0
        """
    ).fetchall()
    return [Loss(name, "rows", had, lost) for name, had, lost in rows]


def _vanished(connection: duckdb.DuckDBPyConnection, measure: str, name: str, code: str, sides: Mapping[str, str]) -> list[Loss]:
    rows = connection.execute(
        f"""
        with was as (select distinct {name} as name, {code} as code from {sides["before"]}),
        now as (select distinct {name} as name, {code} as code from {sides["after"]}),
        gone as (from was except from now)
        select name, any_value(had), count(*), list(gone.code order by gone.code)[:{MOST_KEPT}]
        from gone inner join (select name, count(*) as had from was group by name) using (name)
        where gone.code is not null
        group by name
        """
    ).fetchall()
    return [Loss(name, measure, had, lost, tuple(codes)) for name, had, lost, codes in rows]
