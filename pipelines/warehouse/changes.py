"""What changed between two warehouse files: releases, statements, values, contradictions, verdicts, checks, rows by table.

Both files are attached and asked in SQL, so any two can be compared: a table or column that only one of them has is said to be
added or removed, and the rest is compared without it. What does not belong here: whether a change may be published
(``shrinkage``), how it is printed (``cli``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import BadInput
from pipelines.settings import Settings, sql_text
from pipelines.warehouse import publication, tables
from pipelines.warehouse.publication import Publication

MOST_LISTED = 50
"""Entries listed of each kind of change; the count is always the whole."""

LISTS = ("releases", "values", "contradictions", "verdicts", "checks")
"""Kinds of change that are listed one by one; of statements and tables, rows are counted."""

Changes = dict[str, Any]
"""As it stands in a manifest: ``since`` (name of the earlier publication, None when there is none), and ``releases``,
``statements``, ``values``, ``contradictions``, ``verdicts``, ``checks``, ``tables``: each a list, or a table of
``{count, listed}`` by what happened. Empty ones are left out, so that nothing but ``since`` says that nothing changed.
"""

# Rows of these have no key of their own in the file: the place of a statement in its release is one.
_PLACE = ("dataset", "release", "release_row")
_STATEMENTS = ("observations", "targets", "events")
# What the sidecar of a release says of it.
_SIDECAR = (
    "document", "published_on", "published_precision", "retrieved_on", "recorded_at", "replaces", "reason", "note", "is_fetched",
)  # fmt: skip
# Says which publication a file is, not what is in it.
_NAMEPLATE = "reference.publication"


@dataclass(frozen=True)
class Shape:
    """Columns and primary key (empty when there is none) of one table."""

    columns: tuple[str, ...]
    key: tuple[str, ...]


@contextmanager
def side_by_side(before: Path, after: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with both files attached, read-only, as ``before`` and ``after``."""
    with duckdb.connect() as connection:
        for name, file in (("before", before), ("after", after)):
            connection.execute(f"attach {sql_text(file)} as {name} (read_only)")
        yield connection


def shapes(connection: duckdb.DuckDBPyConnection, side: str) -> dict[str, Shape]:
    """Every table of ``before`` or ``after`` by ``schema.table``, the pipeline's own and the nameplate aside."""
    keys = {
        (schema, table): tuple(key)
        for schema, table, key in connection.execute(
            "select schema_name, table_name, constraint_column_names from duckdb_constraints() "
            "where database_name = ? and constraint_type = 'PRIMARY KEY'",
            [side],
        ).fetchall()
    }
    keys |= {("raw", table): _PLACE for table in _STATEMENTS}
    found = connection.execute(
        "select schema_name, table_name, list(column_name order by column_index) "
        "from duckdb_columns() where database_name = ? and schema_name <> 'pipeline' "
        "and (schema_name, table_name) in (select (schema_name, table_name) from duckdb_tables() where database_name = ?) "
        "group by all order by all",
        [side, side],
    ).fetchall()
    return {
        f"{schema}.{table}": Shape(tuple(columns), keys.get((schema, table), ()))
        for schema, table, columns in found
        if f"{schema}.{table}" != _NAMEPLATE
    }


def compare(
    connection: duckdb.DuckDBPyConnection,
    since: str,
    checks_before: Mapping[str, str],
    checks_after: Mapping[str, str],
    only: Mapping[str, str] | None = None,
) -> Changes:
    """What ``after`` has, lacks or says otherwise than ``before``, which is publication ``since``.

    Checks are given by name with their verdicts (passed, warned, failed); those that were not made both times are compared
    only when they do not pass. ``only`` has, by table, the condition that every row of either side meets which may differ
    (``touched.changed_since``); other tables are compared whole.
    """
    only = only or {}
    before, after = shapes(connection, "before"), shapes(connection, "after")
    shared = {name: _common(before[name], after[name]) for name in before.keys() & after.keys()}
    found = {
        "releases": _releases(connection, shared),
        "statements": _statements(connection, shared, only),
        "values": _values(connection, shared, only),
        "contradictions": _contradictions(connection, shared),
        "verdicts": _verdicts(connection, shared),
        "checks": _checks(checks_before, checks_after),
        "tables": _tables(connection, before, after, shared, only),
    }
    return {"since": since} | {name: said for name, said in found.items() if said}


def between(settings: Settings, before: str | None = None, after: str | None = None) -> tuple[Publication, Changes]:
    """The later publication, and what it changed against the earlier one.

    Of one publication alone (the current one when none is named), what its manifest says: against the one that readers had
    before it, which need not be kept any more. Two are held against each other anew. Raises NothingPublished, BadInput.
    """
    if before is None or after is None:
        one = publication.named(settings, before) if before else publication.current(settings)
        if one is None:
            raise publication.NothingPublished("nothing has been published yet: run `marsad refresh`")
        if "changes" not in one.manifest:
            raise BadInput(f"{one.name} was published without saying what it changed: name two publications")
        return one, one.manifest["changes"]
    was, now = publication.named(settings, before), publication.named(settings, after)
    if was == now:
        raise BadInput(f"{before} is one publication: name two")
    with side_by_side(was.file, now.file) as connection:
        return now, compare(connection, was.name, verdicts_of(was.manifest), verdicts_of(now.manifest))


def verdicts_of(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Verdicts of the checks made for a publication, by check; none for one that an older version published."""
    said: dict[str, str] = manifest.get("checks", {}).get("verdicts", {})
    return said


def nothing_changed(changes: Changes) -> bool:
    """Whether both files hold the same, and every check says the same of them."""
    return changes["since"] is not None and len(changes) == 1


def summary(changes: Changes) -> list[tuple[str, str]]:
    """What changed, a line for each kind: its name and a short sentence."""
    if changes["since"] is None:
        return [("since", str(changes.get("why", "this is the first publication")))]
    if nothing_changed(changes):
        return [("since", f"{changes['since']}: nothing changed")]
    lines = [("since", str(changes["since"]))]
    lines += [(kind, _by_kind(changes[kind])) for kind in LISTS if kind in changes]
    for each in changes.get("statements", []):
        lines.append(("statements", f"{each['dataset']}: {_counts(each)}"))
    for each in changes.get("tables", []):
        lines.append(("tables", f"{each['table']}: {_counts(each)}"))
    return lines


def headline(changes: Changes) -> str:
    """What changed, in one line."""
    if nothing_changed(changes):
        return f"nothing since {changes['since']}"
    said = [f"{kind} {_by_kind(changes[kind])}" for kind in LISTS if kind in changes]
    said += [
        f"{what} ({len(changes[kind])})" for kind, what in (("statements", "data sets"), ("tables", "tables")) if kind in changes
    ]
    return f"since {changes['since']}: {'; '.join(said)}; see `marsad diff`"


def _by_kind(said: Mapping[str, Any]) -> str:
    return ", ".join(f"{found['count']:,} {what}" for what, found in said.items())


def _counts(each: Mapping[str, Any]) -> str:
    said = [f"{each[what]:,} {what}" for what in ("added", "removed", "changed") if each.get(what)]
    if "columns_added" in each or "columns_removed" in each:
        named = [f"+{name}" for name in each.get("columns_added", [])] + [f"-{name}" for name in each.get("columns_removed", [])]
        said.append("columns " + " ".join(named))
    if each.get("is"):
        said.insert(0, f"table {each['is']}")
    return f"{', '.join(said)} ({_number(each['before'])} -> {_number(each['after'])} rows)"


def _number(count: int | None) -> str:
    return "no" if count is None else f"{count:,}"


def _common(before: Shape, after: Shape) -> Shape:
    """The columns that both have, and the key if both have that."""
    columns = tuple(name for name in after.columns if name in before.columns)
    return Shape(columns, after.key if after.key == before.key and set(after.key) <= set(columns) else ())


def _releases(connection: duckdb.DuckDBPyConnection, shared: Mapping[str, Shape]) -> dict[str, Any]:
    """Releases that came, went, were accepted or refused at last, had another put in their place, or a sidecar that says
    something else of the same bytes.
    """
    stands = ", ".join(
        f"""{side}_stands as (
            select releases.*, mended.replaced_by, mended.reason as replaced_because
            from {side}.raw.releases as releases
            left join (
                select dataset, release, string_agg(replaced_by, ', ' order by replaced_by) as replaced_by,
                    string_agg(distinct reason, '; ' order by reason) as reason
                from ({tables.replaced(f"{side}.")}) group by all
            ) as mended using (dataset, release)
        )"""
        for side in ("before", "after")
    )
    otherwise = ", ".join(
        f"case when was.{name} is distinct from now.{name} then "
        f"'{name}: ' || coalesce(was.{name}::varchar, 'none') || ' -> ' || coalesce(now.{name}::varchar, 'none') end"
        for name in _SIDECAR
        if name in shared["raw.releases"].columns
    )
    return _by_what(
        connection,
        f"""
        with {stands},
        compared as (
            select
                was, now, was.release is not null and now.release is not null as in_both,
                concat_ws('; ', {otherwise}) as otherwise
            from before_stands as was
            full join after_stands as now on now.dataset = was.dataset and now.release = was.release
        ),
        judged as (
            select
                case
                    when was.release is null and now.status = 'REFUSED' then 'refused'
                    when was.release is null then 'added'
                    when now.release is null then 'removed'
                    when was.status = 'REFUSED' and now.status = 'ACCEPTED' then 'accepted after all'
                    when was.status = 'ACCEPTED' and now.status = 'REFUSED' then 'no longer accepted'
                    when was.replaced_by is null and now.replaced_by is not null then 'replaced'
                    when was.replaced_by is not null and now.replaced_by is null then 'no longer replaced'
                    when was.replaced_by <> now.replaced_by then 'replaced by another'
                    when was.sha256 <> now.sha256 then 'other bytes'
                    when otherwise <> '' then 'other sidecar'
                end as what,
                coalesce(now.dataset, was.dataset) as dataset, coalesce(now.release, was.release) as release,
                coalesce(now.row_count, was.row_count) as statements, now.replaced_by, now.replaced_because as reason,
                case when in_both and otherwise <> '' then otherwise end as sidecar
            from compared
        )
        select * from judged where what is not null
        """,
    )


def _statements(
    connection: duckdb.DuckDBPyConnection, shared: Mapping[str, Shape], only: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Statements by data set: before, after, and how many came, went or are said otherwise; changed data sets only."""
    found: dict[str, dict[str, Any]] = {}
    for name in (f"raw.{table}" for table in _STATEMENTS):
        said, may_differ = _said(shared[name]), only.get(name, "true")
        sides = [
            f"select dataset, count(*), sum({said}) from {side}.{name} where {may_differ} group by dataset"
            for side in ("before", "after")
        ]
        unlike = connection.execute(
            f"select distinct dataset from (({sides[0]} except {sides[1]}) union ({sides[1]} except {sides[0]}))"
        ).fetchall()
        if unlike:
            # Statements that stayed as they are were seen to by their sum: only the rest is held against each other by row.
            of_these = f"dataset in ({', '.join(sql_text(dataset) for (dataset,) in unlike)})"
            compared = _compared(name, shared[name], f"{may_differ} and {of_these}")
            for sql in (
                f"{compared} select dataset, {_COUNTED} from compared group by all",
                f"select dataset, count(*) as before from before.{name} where {of_these} group by all",
                f"select dataset, count(*) as after from after.{name} where {of_these} group by all",
            ):
                for each in _rows(connection, sql):
                    had = found.setdefault(each["dataset"], {"dataset": each["dataset"], "before": 0, "after": 0})
                    for what, count in each.items():
                        if what != "dataset":
                            had[what] = had.get(what, 0) + count
    return [found[name] for name in sorted(found)]


_COUNTED = """
    count(*) filter (not in_before) as added, count(*) filter (not in_after) as removed,
    count(*) filter (in_before and in_after and differs) as changed
"""


def _said(shape: Shape) -> str:
    """What a row says, in 64 bits: two rows that differ and hash alike would go unseen, one in 10^19."""
    return f"hash({', '.join(_quoted(shape.columns))})"


def _alike(connection: duckdb.DuckDBPyConnection, table: str, shape: Shape, may_differ: str) -> bool:
    """Whether both have the same rows, whatever their order: told by their number and the sum of their hashes."""
    [was], [now] = (
        connection.execute(f"select count(*), sum({_said(shape)}) from {side}.{table} where {may_differ}").fetchall()
        for side in ("before", "after")
    )
    return bool(was == now)


def _compared(table: str, shape: Shape, where: str) -> str:
    """A CTE ``compared`` with one row per key: where it is, and whether the other columns differ."""
    key = ", ".join(_quoted(shape.key))
    sides = ", ".join(
        f"{side}_rows as (select {key}, {_said(shape)} as said from {side}.{table} where {where})" for side in ("before", "after")
    )
    return f"""
        with {sides},
        compared as (
            select {key}, was.said is not null as in_before, now.said is not null as in_after, was.said <> now.said as differs
            from before_rows as was full join after_rows as now using ({key})
        )
    """


def _values(connection: duckdb.DuckDBPyConnection, shared: Mapping[str, Shape], only: Mapping[str, str]) -> dict[str, Any]:
    """Cells whose current figure is another now: what is said of it, from what to what."""
    table = "intermediate.int_current_observations"
    about = ("indicator", "definition", "ref_area", "urbanisation", "breakdown", "period")
    figure = ("value", "bound", "value_lower", "value_upper", "obs_status")
    if not _has(shared, table, ("cell_id", "publisher", "document", *about, *figure)):
        return {}
    may_differ = only.get(table, "true")
    return _by_what(
        connection,
        f"""
        select 'revised' as what, {", ".join(f"now.{name}" for name in about)},
            {", ".join(f"was.{name} as {name}_before, now.{name} as {name}_after" for name in (*figure, "publisher", "document"))}
        from (from before.{table} where {may_differ}) as was
        inner join (from after.{table} where {may_differ}) as now using (cell_id)
        where {_differ(figure)}
        """,
    )


def _contradictions(connection: duckdb.DuckDBPyConnection, shared: Mapping[str, Shape]) -> dict[str, Any]:
    """Pairs of statements that contradict each other now and did not, or did and do not.

    Told by what they say, and not by their keys: a release that repeats a figure is another statement, and no other
    contradiction.
    """
    table = "quality.contradictions"
    about = (
        "basis", "kind", "indicator", "current_definition", "other_definition", "ref_area", "urbanisation", "breakdown", "period",
        "current_value", "current_publisher", "current_document", "other_value", "other_publisher", "other_document",
    )  # fmt: skip
    if not _has(shared, table, about):
        return {}
    was, now = (f"select {', '.join(about)} from {side}.{table}" for side in ("before", "after"))
    return _by_what(
        connection,
        f"""
        select 'opened' as what, * from ({now} except all {was})
        union all
        select 'closed' as what, * from ({was} except all {now})
        """,
    )


def _verdicts(connection: duckdb.DuckDBPyConnection, shared: Mapping[str, Shape]) -> dict[str, Any]:
    """Targets that are judged otherwise than before, by the same method."""
    table = "marts.strategy_progress"
    about = ("target_id", "method_code", "strategy", "indicator", "due_period")
    if not _has(shared, table, (*about, "verdict", "verdict_reason")):
        return {}
    return _by_what(
        connection,
        f"""
        select 'changed' as what, {", ".join(f"now.{name}" for name in about)},
            was.verdict as verdict_before, now.verdict as verdict_after, now.verdict_reason as reason
        from before.{table} as was
        inner join after.{table} as now using (target_id, method_code)
        where was.verdict is distinct from now.verdict
        """,
    )


def _checks(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """Checks whose verdict changed; a check that is new, or gone, when it does not pass."""
    found: dict[str, Any] = {}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name, "passed") != after.get(name, "passed"):
            said = found.setdefault(after.get(name, "not made"), {"count": 0, "listed": []})
            said["count"] += 1
            if said["count"] <= MOST_LISTED:
                said["listed"].append(_told({"check": name, "before": before.get(name), "after": after.get(name)}))
    return found


def _tables(
    connection: duckdb.DuckDBPyConnection,
    before: Mapping[str, Shape],
    after: Mapping[str, Shape],
    shared: Mapping[str, Shape],
    only: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Marts, quality and reference tables whose rows or columns changed; counts are of rows that both can be compared in."""
    found = []
    for name in sorted(name for name in before.keys() | after.keys() if name.split(".")[0] in ("marts", "quality", "reference")):
        if name not in shared:
            side, what = ("after", "added") if name in after else ("before", "removed")
            [(count,)] = connection.execute(f"select count(*) from {side}.{name}").fetchall()
            other = "before" if side == "after" else "after"
            found.append({"table": name, "is": what, side: int(count), other: None})
            continue
        shape, may_differ = shared[name], only.get(name, "true")
        counted: dict[str, Any] = {}
        for side in ("before", "after"):
            [(counted[side],)] = connection.execute(f"select count(*) from {side}.{name}").fetchall()
        if not _alike(connection, name, shape, may_differ):
            if shape.key:
                [differing] = _rows(connection, f"{_compared(name, shape, may_differ)} select {_COUNTED} from compared")
            else:
                [differing] = _rows(connection, _counted_without_key(name, shape, may_differ))
            counted |= differing
        columns = {
            "columns_added": [each for each in after[name].columns if each not in before[name].columns],
            "columns_removed": [each for each in before[name].columns if each not in after[name].columns],
        }
        said = {what: named for what, named in columns.items() if named}
        if said or "added" in counted:
            found.append({"table": name, **counted, **said})
    return found


def _counted_without_key(table: str, shape: Shape, may_differ: str) -> str:
    """Rows that only one side has; a row that changed counts as one that went and one that came. Rows are told apart by what
    they say: to hold whole rows against each other takes twenty times as long.
    """
    sides = [
        f"select {_said(shape)} as said, count(*) as rows_there from {side}.{table} where {may_differ} group by all"
        for side in ("before", "after")
    ]
    return f"""
        with was as ({sides[0]}),
        now as ({sides[1]})
        select
            sum(greatest(coalesce(now.rows_there, 0) - coalesce(was.rows_there, 0), 0))::bigint as added,
            sum(greatest(coalesce(was.rows_there, 0) - coalesce(now.rows_there, 0), 0))::bigint as removed,
            0 as changed
        from was full join now using (said)
    """


def _has(shared: Mapping[str, Shape], table: str, columns: Sequence[str]) -> bool:
    return table in shared and set(columns) <= set(shared[table].columns)


def _differ(columns: Sequence[str]) -> str:
    return "(" + " or ".join(f"was.{name} is distinct from now.{name}" for name in columns) + ")"


def _quoted(columns: Sequence[str]) -> list[str]:
    return [f'"{name}"' for name in columns]


def _by_what(connection: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """``{what: {count, listed}}`` of a query with a column ``what``, in the order of its columns.

    What is listed is cut by the database: when a model changes, that may be every cell there is.
    """
    connection.execute(f"create or replace temp table told as {sql}")
    found: dict[str, Any] = {}
    for what, count in connection.execute("select what, count(*) from told group by what order by what").fetchall():
        first = f"select * exclude (what) from told where what = {sql_text(what)} order by all limit {MOST_LISTED}"
        found[what] = {"count": count, "listed": [_told(row) for row in _rows(connection, first)]}
    return found


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [
        {name: f"{value.normalize():f}" if isinstance(value, Decimal) else value for name, value in zip(names, row, strict=True)}
        for row in cursor.fetchall()
    ]
