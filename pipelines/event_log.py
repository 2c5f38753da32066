"""Dagster's event log in SQLite, with its connections kept: a refresh stores some six hundred events one by one, and opening
the file anew for each of them took longer than loading the figures.

Dagster's own storage in all else. Named in the instance's ``dagster.yaml``, which anybody may point elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import SingletonThreadPool


class EventLogStorage(SqliteEventLogStorage):
    """SqliteEventLogStorage that keeps one engine per file instead of making one per event."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "EventLogStorage":
        """As the instance's ``dagster.yaml`` asks for it: ``base_dir``."""
        return cls(inst_data=inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table; one that is there stays there."""
        found: set[str] = self.__dict__.setdefault("_tables_found", set())
        if table_name not in found and super().has_table(table_name):
            found.add(table_name)
        return table_name in found

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> Engine:
        engines: dict[str, Engine] = self.__dict__.setdefault("_engines", {})
        if shard not in engines:
            engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=SingletonThreadPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            event.listen(engines[shard], "connect", _write_ahead)
        return engines[shard]

    def delete_events(self, run_id: str) -> None:
        """As Dagster's, and the run's own file goes: emptied only, one would be left of every night."""
        super().delete_events(run_id)
        engine = self.__dict__.get("_engines", {}).pop(run_id, None)
        if engine is not None:
            engine.dispose()
        self._initialized_dbs.discard(run_id)
        for ending in ("", "-wal", "-shm"):
            Path(f"{self.path_for_shard(run_id)}{ending}").unlink(missing_ok=True)

    def dispose(self) -> None:
        """Close what was kept open."""
        for engine in self.__dict__.pop("_engines", {}).values():
            engine.dispose()
        super().dispose()


def _write_ahead(connection: Any, _: Any) -> None:
    # A power cut may lose the last events of a log, never its consistency; the warehouse itself syncs what it publishes.
    connection.execute("pragma synchronous = normal")
