"""One refresh in this process: the same job that the UI and the schedule run, without a daemon.

What does not belong here: how things are printed (``cli``) and what the job is made of (``definitions``).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines import alerts, fingerprint, retention, signals
from pipelines.datasets import DATASET_FILE, data_sets
from pipelines.errors import BadInput, Blocked, Expected, Interrupted, Unknown
from pipelines.quiet import PUBLICATION_KEY, heartbeat, instance_of, why_rest
from pipelines.reasons import reasons as why
from pipelines.reference import Reference, nearest
from pipelines.settings import Settings
from pipelines.warehouse import lock, publication
from pipelines.warehouse.lock import WarehouseLocked

if TYPE_CHECKING:
    import dagster as dg

    from pipelines.fetching.attempts import Attempt


class HistoryUnwritable(Expected):
    """Dagster's own storage does not take what it is told: a full disk, a database that is gone."""


class RefreshFailed(Blocked):
    """Something blocked the publication; what readers see has not changed. ``reasons`` has one line each."""

    def __init__(self, reasons: list[str]):
        super().__init__("\n".join(reasons))
        self.reasons = reasons


@dataclass
class Outcome:
    """What a refresh did. ``rested`` says why there was nothing to do; ``published`` is None when nothing was published;
    ``damage`` is what was found wrong with the file that readers had.
    """

    seconds: float
    rested: str | None = None
    damage: publication.Found | None = None
    published: publication.Publication | None = None
    rows_added: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    checks_passed: int = 0
    checks_warned: list[str] = field(default_factory=list)
    fetched: list[Attempt] = field(default_factory=list)
    """What became of each source that was asked."""


Listener = Callable[[str], None]
"""Called with one line whenever something was materialized or a step began."""


def refresh(
    settings: Settings,
    *,
    full: bool = False,
    dataset: str | None = None,
    listener: Listener | None = None,
    patience_seconds: float = 0.0,
    fetch: bool = False,
    accept_shrinkage: Sequence[str] = (),
) -> Outcome:
    """Load what is new, build, check, publish. With ``dataset`` only that one, into the draft, without publishing.

    With ``fetch`` the publishers are asked first; one that does not answer stops nothing.

    Another run that writes is waited for, ``patience_seconds`` long. Data sets and marts in ``accept_shrinkage`` may have less
    than last time.
    When it went well, runs that are older than ``MARSAD_HISTORY_DAYS`` leave Dagster's history.
    With nothing new since the last publication only a heartbeat is left, and dbt is not even imported. The published file is
    looked at first: a damaged one gives way to the last good one, and everything is built anew.
    Raises WarehouseLocked, RefreshFailed, HistoryUnwritable, DataSetInvalid, SeedUnreadable, DbtFailed, Unknown, BadInput.
    """
    started = time.monotonic()
    for folder in (settings.raw, settings.seeds):
        if not folder.is_dir():
            raise BadInput(f"{folder}: there is no such folder; MARSAD_DATA names the folder that has raw/ and seeds/ in it")
    kept_days = retention.history_days()
    _refuse_unknown(settings, accept_shrinkage)
    # Taken for a moment: who cannot write should know before everything is imported.
    with lock.writer(settings.lock, "looking for what is new", patience_seconds):
        # Readers first: asking the publishers may take minutes.
        damage = publication.mend(settings)
        fetched = _fetch(settings, dataset) if fetch else []
        inputs = fingerprint.of(fingerprint.inputs(settings))
    if not full and dataset is None and (rest := why_rest(settings, inputs)) is not None:
        with _history(settings), instance_of(settings) as instance:
            heartbeat(instance, settings, rest)
            retention.forget(instance, kept_days)
        alerts.well(settings, rest)
        now = publication.current(settings)
        return Outcome(time.monotonic() - started, rested=rest, damage=damage, published=now, fetched=fetched)
    with _history(settings), _ended_by_signals(settings):
        outcome = _run(settings, full, dataset, listener or (lambda _: None), patience_seconds, accept_shrinkage, kept_days)
    outcome.damage = damage
    if outcome.published is not None:
        alerts.well(settings, f"`marsad refresh` published {outcome.published.name}")
    outcome.seconds = time.monotonic() - started
    outcome.fetched = fetched
    return outcome


@contextmanager
def _ended_by_signals(settings: Settings) -> Iterator[None]:
    """A signal is told as one, whatever it made fail on its way, and also when nothing did."""
    before = now.name if (now := publication.current(settings)) else None
    with signals.noted():
        failed: BaseException | None = None
        try:
            yield
        except WarehouseLocked:
            raise
        except (Exception, KeyboardInterrupt) as error:
            if not (isinstance(error, KeyboardInterrupt) or signals.asked_to_end()):
                raise
            failed = error
        if failed is not None or signals.asked_to_end():
            now = publication.current(settings)
            if now is not None and now.name != before:
                raise Interrupted(f"interrupted, after {now.name} was published") from failed
            raise Interrupted("interrupted; nothing was published, and the next refresh begins again") from failed


@contextmanager
def _history(settings: Settings) -> Iterator[None]:
    """Says in one line when Dagster's history cannot be written: SQLite's full disk is not the system's OSError."""
    try:
        yield
    except Exception as error:
        # Imported here: a night with nothing new would wait for it.
        from sqlalchemy.exc import DBAPIError

        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, DBAPIError):
            cause = cause.__cause__
        if cause is not None:
            raise HistoryUnwritable(f"Dagster's history ({settings.dagster_home}) cannot be written: {cause.orig}") from error
        raise


def _fetch(settings: Settings, dataset: str | None) -> list[Attempt]:
    # Imported here: most refreshes ask nobody.
    from pipelines.fetching.run import fetch as ask

    return ask(settings, data_sets(settings.raw, settings.elsewhere), names=None if dataset is None else [dataset])


def _refuse_unknown(settings: Settings, accepted: Sequence[str]) -> None:
    """A name that is no data set or mart, now or in what is published, was mistyped."""
    now = publication.current(settings)
    manifest = now.manifest if now else {"rows": {}}
    known = {each.name for each in data_sets(settings.raw, settings.elsewhere)}
    known |= {name for name in manifest["rows"] if name.startswith("marts.")}
    known |= {
        name.removeprefix("raw/").removesuffix(f"/{DATASET_FILE}")
        for name in manifest.get("inputs", {})
        if name.startswith("raw/") and name.endswith(f"/{DATASET_FILE}")
    }
    for name in accepted:
        if name not in known:
            near = ", ".join(nearest(name, frozenset(known))) or "none"
            raise Unknown(f"there is no data set or mart {name!r} that could shrink; nearest: {near}")


def _run(
    settings: Settings,
    full: bool,
    dataset: str | None,
    listener: Listener,
    patience_seconds: float,
    accept_shrinkage: Sequence[str],
    kept_days: int,
) -> Outcome:
    names = sorted(each.name for each in data_sets(settings.raw, settings.elsewhere))
    if dataset is not None and dataset not in names:
        raise Unknown(f"there is no data set {dataset!r} under {settings.raw}; known: {', '.join(names)}")
    # Before dbt reads them, which names neither file nor line.
    Reference(settings.seeds).read_all()
    # Imported here: a night with nothing new never gets this far.
    from pipelines.definitions import definitions

    with instance_of(settings) as instance:
        definition = definitions(
            settings,
            full=full,
            loggers={"console": _logger(listener)},
            patience_seconds=patience_seconds,
            accept_shrinkage=accept_shrinkage,
        )
        job = definition.resolve_job_def("refresh")
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {"console": {}}},
            asset_selection=None if dataset is None else _draft_only(settings, definition, dataset),
        )
        reasons = [] if result.success else why(result.all_events)
        if result.success:
            retention.forget(instance, kept_days)
    if reasons:
        # Another run may take the lock while this one imports: that is said, and left with, as a lock and not as a failure.
        for reason in reasons:
            if lock.HELD in reason:
                raise WarehouseLocked(reason[reason.index(lock.HELD) :])
        raise RefreshFailed(reasons)
    outcome = Outcome(0.0, published=publication.current(settings) if dataset is None else None)
    for event in result.get_asset_materialization_events():
        said = event.step_materialization_data.materialization
        if "rows added" in said.metadata:
            name = "/".join(said.asset_key.path)
            outcome.rows_added[name] = int(str(said.metadata["rows added"].value))
            outcome.refused[name] = int(str(said.metadata["releases refused"].value))
    for verdict in result.get_asset_check_evaluations():
        if verdict.passed:
            outcome.checks_passed += 1
        else:
            outcome.checks_warned.append(f"{'/'.join(verdict.asset_key.path)}: {verdict.check_name}")
    return outcome


def _draft_only(settings: Settings, definition: dg.Definitions, dataset: str) -> list[dg.AssetKey]:
    """The data set and everything built from the raw tables, less the other data sets and the publication."""
    names = {each.name for each in data_sets(settings.raw, settings.elsewhere)}
    keys = definition.resolve_asset_graph().get_all_asset_keys()
    return [key for key in keys if "/".join(key.path) not in names - {dataset} and key.path != PUBLICATION_KEY]


def _logger(listener: Listener) -> dg.LoggerDefinition:
    """A Dagster logger that tells the listener what was materialized, instead of printing every event."""
    import dagster as dg

    class Telling(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            event = getattr(record, "dagster_event", None)
            if event is None:
                if record.levelno >= logging.WARNING:
                    listener(record.getMessage())
            elif event.is_step_materialization or event.is_step_start:
                listener(event.step_key if event.is_step_start else "/".join(event.asset_key.path))

    @dg.logger
    def console(_: dg.InitLoggerContext) -> logging.Logger:
        logger = logging.Logger("marsad")
        logger.addHandler(Telling())
        return logger

    return console
