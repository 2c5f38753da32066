"""The draft as a Dagster resource: taken under the writer's lock when a run starts, marked clean when it ends in order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import dagster as dg
import duckdb
from pydantic import Field, PrivateAttr

from pipelines import fingerprint
from pipelines.quiet import report_damage
from pipelines.reference import Reference
from pipelines.settings import Settings
from pipelines.warehouse import draft, lock, publication


class Warehouse(dg.ConfigurableResource):
    """The draft, for the assets of one run.

    ``full`` rebuilds it from ``data/raw`` and ``data/seeds`` alone. Raises WarehouseLocked when another run writes for longer
    than ``patience_seconds``. ``accept_shrinkage`` names data sets and marts of which a person says that they may have less than
    last time; on Dagster's page it is the configuration of this resource in the launchpad.
    """

    full: bool = False
    patience_seconds: float = 0.0
    accept_shrinkage: list[str] = Field(default_factory=list)

    _inputs: dict[str, str] = PrivateAttr(default_factory=dict)
    _beginning: draft.Beginning | None = PrivateAttr(default=None)
    _started: float = PrivateAttr(default=0.0)
    _run: str = PrivateAttr(default="")
    _open: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouse]:
        """Hold the lock for the whole run; nothing holds the draft open between runs."""
        self._run = context.run_id or "no run"
        log = context.log or dg.get_dagster_logger()
        with lock.writer(self.settings.lock, self._run, self.patience_seconds, log.warning):
            self._started = time.time()
            # Now, and not only when publishing: what a killed run left half-built may be what keeps the disk full.
            publication.sweep(self.settings)
            damage = publication.mend(self.settings)
            if damage is not None:
                log.error(str(damage))
                if context.instance is not None:
                    report_damage(context.instance, damage)
            self._inputs = fingerprint.inputs(self.settings)
            # What spoilt the published file may have spoilt the draft, which carries no checksum.
            full, why = (True, "the published file was found damaged") if damage else (self.full, "a full rebuild was asked for")
            loader = fingerprint.loader(self._inputs)
            self._beginning = draft.begin(self.settings, self._run, loader, self.reference, full, why)
            try:
                yield self
            finally:
                self.close()
            # A run with a failed step leaves its draft dirty: the next one begins again rather than build on it.
            failed = context.instance.all_logs(self._run, of_type=dg.DagsterEventType.STEP_FAILURE) if context.instance else []
            if not failed:
                draft.finish(self.settings)

    @cached_property
    def settings(self) -> Settings:
        """Where things are."""
        return Settings.from_environment()

    @cached_property
    def reference(self) -> Reference:
        """The reference tables as they were when the run started."""
        return Reference(self.settings.seeds)

    @property
    def inputs(self) -> dict[str, str]:
        """Checksums of every input, taken when the run started."""
        return self._inputs

    @property
    def beginning(self) -> draft.Beginning:
        """How this run's draft came about."""
        if self._beginning is None:
            raise RuntimeError("the warehouse is opened by a run, not by hand")
        return self._beginning

    @property
    def started(self) -> float:
        """When the run took the lock (seconds since the epoch)."""
        return self._started

    @property
    def run(self) -> str:
        """Id of the run that holds the draft."""
        return self._run

    def connection(self) -> duckdb.DuckDBPyConnection:
        """The draft, opened once and kept open from asset to asset of this run (opening and closing it costs more than a
        small data set).
        """
        if self._open is None:
            self._open = draft.connect(self.settings)
        return self._open

    def close(self) -> None:
        """Let go of the draft, for dbt to open it in its own way."""
        if self._open is not None:
            self._open.close()
            self._open = None
