"""One step that asks all sources at once: each ends in a new release, in nothing new, or in a reason; none stops another."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pipelines.datasets import DataSet, DataSetInvalid, ReleaseInvalid
from pipelines.fetching import (
    Fetched,
    FetcherUnknown,
    FetchFailed,
    NotModified,
    OptionsInvalid,
    Transient,
    attempts,
    fetcher,
    option,
    store,
)
from pipelines.fetching.attempts import Attempt
from pipelines.fetching.client import Ask, Client, Limits, client
from pipelines.reference import Reference
from pipelines.settings import Settings

OFFLINE = "MARSAD_OFFLINE"
_KEYS = {"from", "options", "hosts", "max_megabytes", "secret", "enabled"}
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Source:
    """What ``fetch:`` in a ``dataset.yml`` says; its options come on top of the reader's.

    ``secret`` names an environment variable and the header that carries it.
    """

    dataset: DataSet
    fetcher: str
    options: dict[str, Any]
    hosts: frozenset[str]
    most: int | None
    secret: dict[str, str] | None
    enabled: bool


def sources(datasets: Sequence[DataSet]) -> list[Source]:
    """Those data sets that say where they are fetched from. Raises DataSetInvalid and FetcherUnknown, naming the file."""
    found = []
    for dataset in datasets:
        if dataset.fetch is None:
            continue
        said, where = dataset.fetch, f"{dataset.folder / 'dataset.yml'}: fetch"
        if unknown := said.keys() - _KEYS:
            raise DataSetInvalid(f"{where} has unknown keys {sorted(unknown)}; known: {', '.join(sorted(_KEYS))}")
        try:
            name = option(said, "from", str)
            fetcher(name)
            secret = option(said, "secret", dict, {})
            if secret and secret.keys() != {"header", "environment"}:
                raise OptionsInvalid("fetch option 'secret' must name a header and an environment variable, never the secret")
            found.append(
                Source(
                    dataset,
                    name,
                    dataset.options | option(said, "options", dict, {}),
                    frozenset(option(said, "hosts", list, [])),
                    option(said, "max_megabytes", int, 0) * _MEGABYTE or None,
                    secret or None,
                    option(said, "enabled", bool, True),
                )
            )
        except (OptionsInvalid, FetcherUnknown) as error:
            raise DataSetInvalid(f"{where}: {error}") from error
    return found


def fetch(
    settings: Settings,
    datasets: Sequence[DataSet],
    *,
    names: Sequence[str] | None = None,
    limits: Limits | None = None,
    now: datetime | None = None,
) -> list[Attempt]:
    """Ask the sources of ``datasets`` (those in ``names``, disabled ones too when named) and file what is new.

    The caller holds the writer's lock. With ``MARSAD_OFFLINE`` set nobody is asked. Returns one Attempt per source, in their
    order, which is also in the log. Raises DataSetInvalid.
    """
    wanted = [each for each in sources(datasets) if (each.enabled if names is None else each.dataset.name in names)]
    if not wanted:
        return []
    moment = (now or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
    if offline():
        at, why = attempts.said(moment), f"{OFFLINE} is set"
        made = [Attempt(each.dataset.name, at, attempts.SKIPPED, 0.0, message=why) for each in wanted]
    else:
        made = asyncio.run(_ask_all(settings, wanted, limits or Limits(), moment))
    attempts.note(settings, made)
    return made


def offline() -> bool:
    """Whether ``MARSAD_OFFLINE`` keeps everybody from asking."""
    return os.environ.get(OFFLINE, "") not in ("", "0")


async def _ask_all(settings: Settings, wanted: Sequence[Source], limits: Limits, now: datetime) -> list[Attempt]:
    reference = Reference(settings.seeds)
    async with client(limits) as shared:
        return list(await asyncio.gather(*(_ask_one(settings, each, shared, reference, now) for each in wanted)))


async def _ask_one(settings: Settings, source: Source, shared: Client, reference: Reference, now: datetime) -> Attempt:
    """Never raises for what a publisher does; a fault of ours is raised and ends the night."""
    started, ask, received, release, message = time.monotonic(), None, 0, None, None
    secret: dict[str, str] = {}
    try:
        if source.dataset.out_of_service is not None:
            raise _Skipped(f"out of service: {source.dataset.out_of_service}")
        secret = _secret(source)
        ask = Ask(shared, store.known(source.dataset), source.hosts, secret, source.most)
        fetched: Fetched = await asyncio.wait_for(fetcher(source.fetcher)(ask, source.options), shared.limits.deadline)
        received = sum(len(answer.body) for answer in fetched.answers)
        # Reading takes the processor, not the network: the others' answers wait a moment.
        kept = store.keep(settings, source.dataset, fetched, reference, now)
        outcome = attempts.UNCHANGED if kept is None else attempts.NEW
        release = kept.name if kept else None
    except NotModified:
        outcome = attempts.NOT_MODIFIED
    except _Skipped as skipped:
        outcome, message = attempts.SKIPPED, str(skipped)
    except store.Drifted as drift:
        outcome, message = attempts.DRIFTED, str(drift)
    except (Transient, TimeoutError) as late:
        outcome, message = attempts.UNANSWERED, str(late) or f"no end after {shared.limits.deadline:.0f} s"
    except (FetchFailed, OptionsInvalid, ReleaseInvalid) as refused:
        outcome, message = attempts.REFUSED, str(refused)
    return Attempt(
        source.dataset.name,
        attempts.said(now),
        outcome,
        round(time.monotonic() - started, 3),
        ask.requests if ask else 0,
        received,
        release,
        _without(secret, message),
    )


class _Skipped(Exception):
    pass


def _secret(source: Source) -> dict[str, str]:
    """The header that carries the source's key. Raises OptionsInvalid, naming the variable and never its value."""
    if source.secret is None:
        return {}
    value = os.environ.get(source.secret["environment"], "")
    if not value.strip():
        raise OptionsInvalid(f"the environment variable {source.secret['environment']} is not set")
    if not (value.isascii() and value.isprintable()):
        # A library would print it to say so.
        raise OptionsInvalid(
            f"the environment variable {source.secret['environment']} has a line break, or a character that no header may have"
        )
    return {source.secret["header"]: value}


def _without(secret: dict[str, str], message: str | None) -> str | None:
    """The message, should a publisher have sent our own key back in words."""
    for value in secret.values():
        # "Bearer <key>": the key is a secret without the word before it.
        for said in (value, value.split()[-1]):
            message = message.replace(said, "***") if message else message
    return message
