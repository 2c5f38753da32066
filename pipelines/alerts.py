"""What people are told about the nights: one plain report per event, kept beside the warehouse and sent to whom it concerns.

``MARSAD_NOTIFY`` names the receivers as apprise addresses (webhook, mail, chat). A receiver that is down never fails a night:
the report says that it was not delivered. What does not belong here: Dagster, which only calls (``sensors``), and deciding
whether a refresh went well (``refresh``).
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pipelines.errors import BadInput, Expected
from pipelines.fetching import attempts
from pipelines.settings import Settings
from pipelines.warehouse import publication
from pipelines.warehouse.publication import NothingPublished
from pipelines.warehouse.reading import PublicationDamaged, reader

RECEIVERS = "MARSAD_NOTIFY"
"""Environment variable: apprise addresses with blanks between them. They hold passwords, so they are never printed."""

KEPT = 200
"""Reports kept; the oldest go first."""

LATE = timedelta(hours=26)
TOO_LATE = timedelta(hours=50)
"""One night may fail without waking anybody; two may not."""

_AGAIN = timedelta(days=1)
# A source that its publisher has not renewed stays late for years: new ones are told, the rest only from time to time.
_AGAIN_OF_THE_SAME_SOURCES = timedelta(days=7)
_STATE = "open.json"
_MOST_REASONS = 20
_LONGEST_REASON = 1000

# What a reason holds, and what a person then does. The first that fits is given.
_ADVICE = (
    (
        ("is being written",),
        "Nothing is broken: another run was writing. It says who above; the next night tries again, or run `marsad refresh`.",
    ),
    (
        ("No space left", "disk full", "Disk quota", "out of disk"),
        "Make room on the disk of the warehouse, then run `marsad refresh`. Readers are served meanwhile.",
    ),
    (
        ("checksum", "sealed", "unsealed"),
        "A filed release is not what it was: restore the file named above from version control, or mend our own slip with "
        "`marsad add FILE --replaces RELEASE --reason WHY`. Then run `marsad refresh`.",
    ),
    (
        ("files changed while the run was going",),
        "Somebody edited the inputs meanwhile: run `marsad refresh` when they are done.",
    ),
    (
        ("check ", "dbt:"),
        "A check found figures that do not hold. Look at the check named above in Dagster's page, mend the release, the seed or "
        "the model it points at, then run `marsad refresh`. Nothing is published until it passes.",
    ),
)
_OTHERWISE = "Mend what is named above, then run `marsad refresh`; the run's page in Dagster (`marsad dev`) has every event."


class Stale(Expected):
    """The publication is older than promised, or cannot be read."""

    exit_code = 8


class NotDelivered(BadInput):
    """A receiver did not take a message; the message says which."""


@dataclass(frozen=True)
class Report:
    """A report as it was written and sent. ``file`` is None when it could not be written."""

    title: str
    text: str
    file: Path | None
    delivery: tuple[str, ...]
    """One line per receiver."""


@dataclass
class _Open:
    """What has been told and has not ended. Kept beside the reports; without it the next event counts as the first."""

    file: Path
    watched_since: str
    failing_since: str | None = None
    failures: int = 0
    runs: list[str] = field(default_factory=list)
    stale_since: str | None = None
    stale_told: str | None = None
    sources_told: str | None = None
    sources: list[str] = field(default_factory=list)


def failed(settings: Settings, run: str, reasons: Sequence[str], now: datetime | None = None) -> Report | None:
    """Tell that the refresh ``run`` failed, and why; None when this run was told already."""
    now = now or datetime.now(UTC)
    with _open(settings, now) as state:
        if run in state.runs:
            return None
        state.runs = [*state.runs, run][-KEPT:]
        state.failing_since = state.failing_since or _text(now)
        state.failures += 1
        _keep(state)
    shown = [reason.strip()[:_LONGEST_REASON] for reason in reasons[:_MOST_REASONS]] or ["no reason was recorded"]
    if len(reasons) > _MOST_REASONS:
        shown.append(f"and {len(reasons) - _MOST_REASONS} more: see the run in Dagster's page")
    return _tell(
        settings,
        "failed",
        "Marsad: the refresh failed" + (f", {state.failures} times in a row" if state.failures > 1 else ""),
        {
            "Last good publication": [_last_good(settings)],
            "What failed": shown,
            "Since when": [f"{_shown(state.failing_since)} ({_runs(state.failures)})"],
            "What to do": [_advice(shown)],
            "Run": [run],
        },
        now,
    )


def well(settings: Settings, what: str, now: datetime | None = None) -> Report | None:
    """Tell, once, that a refresh went well after failures or staleness that had been told; None when there was nothing."""
    now = now or datetime.now(UTC)
    if not (settings.reports / _STATE).exists():
        return None
    with _open(settings, now) as state:
        since, failures = state.failing_since or state.stale_since, state.failures
        if since is None:
            return None
        state.failing_since = state.stale_since = state.stale_told = None
        state.failures = 0
        if not _keep(state):
            return None
    return _tell(
        settings,
        "well_again",
        "Marsad: the refresh goes well again",
        {
            "Last good publication": [_last_good(settings)],
            "What happened": [what],
            "What it ends": [f"trouble since {_shown(since)} ({_runs(failures)})"],
            "What to do": ["Nothing."],
        },
        now,
    )


def look(settings: Settings, seen_fresh: datetime | None, now: datetime | None = None) -> list[Report]:
    """Tell when the publication is too old or cannot be read, and which sources are later than promised.

    ``seen_fresh`` is when Dagster last heard that the publication is as fresh as its inputs (quiet nights included). The same
    staleness is told once a day at most; sources when there is a new one among them, otherwise once a week.
    """
    now = now or datetime.now(UTC)
    told = [_look_at_the_publication(settings, seen_fresh, now), _look_at_the_sources(settings, now)]
    return [report for report in told if report is not None]


def _look_at_the_publication(settings: Settings, seen_fresh: datetime | None, now: datetime) -> Report | None:
    with _open(settings, now) as state:
        trouble = staleness(settings, seen_fresh, now, datetime.fromisoformat(state.watched_since))
        if trouble is not None:
            if not _due(state.stale_told, now, _AGAIN):
                return None
            state.stale_since, state.stale_told = state.stale_since or _text(now), _text(now)
        # Written even when nothing changed: the file says since when somebody looks. Where it cannot be written, the same
        # would be told at every look; failed runs are told without it.
        if not _keep(state):
            return None
    if trouble is None:
        # A failed run may be younger than the publication is old: only a good one ends that.
        over = state.stale_since is not None and state.failing_since is None
        return well(settings, "the publication is fresh", now) if over else None
    return _tell(
        settings,
        "stale",
        "Marsad: the publication is stale",
        {
            "Last good publication": [_last_good(settings)],
            "What is wrong": [trouble],
            "Failed runs": [
                f"{_runs(state.failures)}, the first {_shown(state.failing_since)}" if state.failing_since else "none"
            ],
            "What to do": [
                "See that the daemon or the timer runs and that Dagster's page shows no broken code location (docs/night.md), "
                "then run `marsad refresh`."
            ],
        },
        now,
    )


def _look_at_the_sources(settings: Settings, now: datetime) -> Report | None:
    with _open(settings, now) as state:
        if not _due(state.sources_told, now, _AGAIN):
            return None
        late = _late_sources(settings, now.date())
        new = sorted(set(late) - set(state.sources))
        tell = bool(late) and (bool(new) or _due(state.sources_told, now, _AGAIN_OF_THE_SAME_SOURCES))
        if tell:
            state.sources, state.sources_told = sorted(late), _text(now)
        else:
            # One that was renewed and is late once more is new again.
            state.sources = [name for name in state.sources if name in late]
        if not _keep(state) or not tell:
            return None
    return _tell(
        settings,
        "late_sources",
        f"Marsad: {len(late)} source{'s are' if len(late) > 1 else ' is'} late or not answering",
        {
            "Last good publication": [_last_good(settings)],
            "Newly late": new or ["none"],
            "Since when": [f"{name}: {said}" for name, said in sorted(late.items())],
            "What to do": [
                "Look whether the publisher has something newer, and file it with `marsad add`. Where an answer no longer fits, "
                "look at what was put aside, and say in dataset.yml how to read it."
            ],
        },
        now,
    )


def staleness(
    settings: Settings, seen_fresh: datetime | None, now: datetime, watched_since: datetime | None = None
) -> str | None:
    """Why the publication is not as fresh as promised; None when it is, or when nobody looked long enough to say."""
    published = publication.current(settings)
    if published is None:
        if settings.current.is_symlink():
            return f"{settings.current}: what it points to is no publication; `marsad rollback` or `marsad refresh --full`"
        waited = timedelta() if watched_since is None else now - watched_since
        return f"nothing was ever published, in {_hours(waited)} since this is watched" if waited >= TOO_LATE else None
    if (wrong := publication.why_not_whole(published)) is not None:
        return f"{published.file}: {wrong}; `marsad refresh` gives readers the last good one and publishes anew"
    fresh = datetime.fromisoformat(published.manifest["published_at"])
    if seen_fresh is not None and seen_fresh > fresh:
        fresh = seen_fresh
    if now - fresh < TOO_LATE:
        return None
    return f"no refresh went well since {_shown(_text(fresh))}, {_hours(now - fresh)} ago; {_hours(TOO_LATE)} are allowed"


def receivers() -> list[str]:
    """The addresses of ``MARSAD_NOTIFY``."""
    return (os.environ.get(RECEIVERS) or "").split()


def send(title: str, text: str) -> list[tuple[bool, str]]:
    """Send to every receiver; per receiver whether it took the message, and a line that names it without its secrets."""
    if not (addresses := receivers()):
        return []
    # Imported here: most nights send nothing.
    import apprise

    asset = apprise.AppriseAsset(app_id="Marsad", app_desc="Marsad", app_url="", storage_mode="memory", async_mode=False)
    said = []
    with _silent("apprise"):
        for number, address in enumerate(addresses, 1):
            scheme = address.partition("://")[0].lower()
            name = f"receiver {number} ({scheme})" if "://" in address and scheme.isalnum() else f"receiver {number}"
            sender = apprise.Apprise(asset=asset)
            try:
                if not sender.add(address):
                    said.append((False, f"{name}: is no address that apprise knows"))
                elif sender.notify(title=title, body=text, body_format="text"):
                    said.append((True, f"{name}: delivered"))
                else:
                    said.append((False, f"{name}: not delivered: it could not be reached or did not take it"))
            except Exception as error:
                # Whatever a plugin raises: a message that cannot be sent must not fail the night. Its text may hold the address.
                said.append((False, f"{name}: not delivered: {type(error).__name__}"))
    return said


def try_receivers() -> list[str]:
    """Send a test message; a line per receiver. Raises NotDelivered when there is no receiver, or one did not take it."""
    if not receivers():
        raise NotDelivered(f"{RECEIVERS} names no receiver")
    said = send("Marsad: a test", "This is a test: reports of the nights will come this way.\n")
    if not all(taken for taken, _ in said):
        raise NotDelivered("\n".join(line for _, line in said))
    return [line for _, line in said]


def reports(settings: Settings) -> list[Path]:
    """The reports kept, oldest first."""
    return sorted(settings.reports.glob("*.txt"))


def _tell(settings: Settings, event: str, title: str, parts: dict[str, list[str]], now: datetime) -> Report:
    width = max(len(name) for name in parts)
    lines = [title, f"{_shown(_text(now))}, {settings.warehouse}", ""]
    for name, said in parts.items():
        # What a message says over several lines stays in its column.
        rows = [row for each in said for row in each.splitlines()]
        lines += [f"{name if first else '':<{width}}  {row}".rstrip() for first, row in _firsts(rows)]
    text = "\n".join(lines) + "\n"
    file = settings.reports / f"{now:%Y%m%dT%H%M%S%f}Z__{event}.txt"
    try:
        # Written before it is sent: a night that dies while sending leaves it.
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        # A full disk is what most needs telling.
        text += f"This report could not be written to {settings.reports}: {error.strerror}\n"
        return Report(title, text, None, tuple(line for _, line in send(title, text)))
    delivery = tuple(line for _, line in send(title, text)) or (f"to nobody: {RECEIVERS} names no receiver",)
    with suppress(OSError), file.open("a", encoding="utf-8") as end:
        end.write("".join(f"{'Sent' if first else '':<{width}}  {line}\n" for first, line in _firsts(delivery)))
    for old in reports(settings)[:-KEPT]:
        old.unlink(missing_ok=True)
    return Report(title, text, file, delivery)


def _firsts(lines: Sequence[str]) -> Iterator[tuple[bool, str]]:
    return ((number == 0, line) for number, line in enumerate(lines))


def _advice(reasons: Sequence[str]) -> str:
    told = "\n".join(reasons)
    return next((advice for words, advice in _ADVICE if any(word in told for word in words)), _OTHERWISE)


def _last_good(settings: Settings) -> str:
    now = publication.current(settings)
    if now is None:
        return "none"
    return f"{now.name}, published {_shown(now.manifest['published_at'])}; readers keep it"


def _late_sources(settings: Settings, today: date) -> dict[str, str]:
    """Data sets past their promise, or asked in vain: since when, and what to look at."""
    failing = {
        name: f"asked {found.failing} times in vain, last success {found.last_success or 'never'}: {found.message}"
        for name, found in attempts.health(settings).items()
        if found.failing
    }
    return failing | _past_their_promise(settings, today)


def _past_their_promise(settings: Settings, today: date) -> dict[str, str]:
    """Empty when nothing can be read (``staleness`` tells that)."""
    try:
        with reader(settings) as connection:
            rows = connection.execute(
                "select dataset, late_after, contact from quality.source_health where late_after < ?", [today]
            ).fetchall()
    except (NothingPublished, PublicationDamaged):
        return {}
    return {dataset: f"late since {late_after} (ask {contact})" for dataset, late_after, contact in rows}


def _runs(failures: int) -> str:
    return f"{failures} failed run{'' if failures == 1 else 's'}"


def _due(told: str | None, now: datetime, every: timedelta) -> bool:
    return told is None or now - datetime.fromisoformat(told) >= every


@contextmanager
def _open(settings: Settings, now: datetime) -> Iterator[_Open]:
    """What is open, under a lock of its own: the daemon and a command may tell at the same time. ``_keep`` writes it back."""
    state = _Open(settings.reports / _STATE, _text(now))
    with ExitStack() as held:
        # Where nothing can be written, the lock neither: the event is told all the same.
        with suppress(OSError):
            settings.reports.mkdir(parents=True, exist_ok=True)
            fcntl.flock(held.enter_context((settings.reports / ".lock").open("a")), fcntl.LOCK_EX)
        # What cannot be read is as if nothing had been told.
        with suppress(OSError, ValueError, TypeError):
            state = replace(state, **json.loads(state.file.read_text(encoding="utf-8")))
        yield state


def _keep(state: _Open) -> bool:
    """Write the state back; False where nothing can be written."""
    temporary = state.file.with_suffix(".tmp")
    said = {name: value for name, value in asdict(state).items() if name != "file"}
    try:
        temporary.write_text(json.dumps(said) + "\n", encoding="utf-8")
        temporary.replace(state.file)
    except OSError as error:
        logging.getLogger("marsad").warning("%s: cannot be written: %s", state.file, error.strerror)
        return False
    return True


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def _shown(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.0f} h"


@contextmanager
def _silent(name: str) -> Iterator[None]:
    """The library logs addresses that it does not understand, passwords and all."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
