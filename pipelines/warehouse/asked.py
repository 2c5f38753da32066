"""What came of asking the publishers, in SQL: a table macro of the published file over the log that lies beside it.

Attempts stay out of the tables, so that a night with nothing new publishes nothing and the same releases always make the same
warehouse. What does not belong here: the log itself (``fetching.attempts``).
"""

from __future__ import annotations

import duckdb

from pipelines.settings import CATALOG

NAME = "sources_asked"
_COMMENT = (
    "One row per data set: when its publisher was last asked, answered and changed something (UTC), failures since then, and its "
    "age against its promise today; the log is the file fetches.jsonl of the warehouse."
)
_SUCCESSES = "'NEW', 'UNCHANGED', 'NOT_MODIFIED'"

# A line that a power cut tore is no attempt, nor is a source that was passed over.
_BODY = f"""
create or replace macro {{catalog}}.main.{NAME}(log) as table
with lines as (
    select
        row_number() over () as line, dataset, cast(substr("at", 1, 19) as timestamp) as asked_at, outcome, message
    from read_json(
        log, format = 'newline_delimited', ignore_errors = true,
        columns = {{{{dataset: 'varchar', "at": 'varchar', outcome: 'varchar', message: 'varchar'}}}}
    )
    where dataset is not null and outcome is not null
),
attempts as (
    select
        lines.*, max(line) filter (where outcome in ({_SUCCESSES})) over (partition by dataset) as last_good_line
    from lines
    where outcome <> 'SKIPPED'
),
asked as (
    select
        dataset, max_by(asked_at, line) as last_attempt, max_by(outcome, line) as last_outcome,
        max_by(asked_at, line) filter (where outcome in ({_SUCCESSES})) as last_success,
        max_by(asked_at, line) filter (where outcome = 'NEW') as last_new,
        count(*) filter (where line > coalesce(last_good_line, 0)) as failing,
        last(message order by line) as last_message
    from attempts
    group by dataset
)
select
    health.dataset, health.publisher, asked.last_attempt, asked.last_outcome, asked.last_success,
    greatest(asked.last_new, health.latest_recorded_at) as last_change, coalesce(asked.failing, 0) as failing,
    case when asked.failing > 0 then asked.last_message end as message,
    health.late_after,
    case when health.late_after is not null then greatest(current_date - health.late_after, 0) end as days_late,
    health.out_of_service, health.contact
from {{catalog}}.quality.source_health as health
left join asked on asked.dataset = health.dataset
"""


def define(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table macro ``sources_asked(log)`` in schema ``main`` of the catalog ``marsad``.

    DuckDB binds a macro when it is created, so a file without ``quality.source_health`` gets none.
    """
    [(built,)] = connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'quality' and table_name = 'source_health'"
    ).fetchall()
    if built:
        connection.execute(_BODY.format(catalog=CATALOG))
        connection.execute(f"comment on macro table {CATALOG}.main.{NAME} is '{_COMMENT}'")
