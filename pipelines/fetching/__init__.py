"""Asking publishers over the network: one module per kind of address, the polite client they share, and what is kept.

A module named in ``dataset.yml`` under ``fetch: {from: ...}`` has ``async fetch(ask, options) -> Fetched``: it knows which
addresses to ask and what an honest answer looks like. What an answer *says* is read by ``sources``. What does not belong
here: Dagster, DuckDB, and deciding whether a statement is right.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pipelines.errors import BadInput

DAY = "DAY"
UNKNOWN = "UNKNOWN"


class FetcherUnknown(BadInput):
    """A ``dataset.yml`` names a fetcher that is no module of this package."""


class OptionsInvalid(BadInput):
    """The fetch options of a ``dataset.yml`` cannot be used; the message names the key."""


class FetchFailed(Exception):
    """The publisher gave nothing that could be kept; the message says what was asked and what came."""


class Transient(FetchFailed):
    """It may go better in a moment: a time-out, a cut connection, a server in trouble. ``wait`` is what the server asked for."""

    def __init__(self, message: str, wait: float | None = None):
        super().__init__(message)
        self.wait = wait


class Refused(FetchFailed):
    """It will not go better by asking again: not found, not allowed, too large, a redirect elsewhere, an error in words."""


class NotModified(Exception):
    """The publisher says that what is kept already is still what it has."""


@dataclass(frozen=True)
class Answer:
    """One answer of a publisher, to the byte.

    ``url`` is what was asked, ``at`` when the answer was complete (UTC), ``headers`` those that matter, in lower case.
    """

    url: str
    at: datetime
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Fetched:
    """What a publisher has now, on its way to becoming a release.

    ``suffix`` is the file's ending, dot included; ``slug`` names the release. Several answers are kept together in one ZIP.
    ``published_on`` is the publisher's own date of this vintage, where it says one.
    """

    slug: str
    suffix: str
    answers: list[Answer]
    published_on: date | None = None
    published_precision: str = UNKNOWN
    note: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


Fetcher = Callable[..., Awaitable[Fetched]]
"""``fetch(ask, options)``: asks with ``ask`` (see ``client``). Raises Refused, Transient, NotModified, OptionsInvalid."""


def fetcher(name: str) -> Fetcher:
    """``fetch`` of the module ``name``. Raises FetcherUnknown."""
    try:
        found: Fetcher = importlib.import_module(f"{__name__}.{name}").fetch
    except (ImportError, AttributeError) as error:
        raise FetcherUnknown(f"there is no fetcher {name!r} in pipelines/fetching") from error
    return found


def option(options: dict[str, Any], name: str, kind: type, default: Any = None) -> Any:
    """The fetch option ``name``, of type ``kind``. Raises OptionsInvalid when it is missing without default, or another type."""
    value = options.get(name, default)
    if value is None:
        raise OptionsInvalid(f"fetch option {name!r} is missing")
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise OptionsInvalid(f"fetch option {name!r} is {value!r}, must be of type {kind.__name__}")
    return value


def day_of(said: object, asked: str) -> date | None:
    """The day of a moment as a publisher writes it (ISO 8601), None where it says none. Raises Refused for any other form."""
    if not said:
        return None
    try:
        return date.fromisoformat(str(said)[:10])
    except ValueError as error:
        raise Refused(f"{asked}: {said!r} should be a day, and is none") from error
