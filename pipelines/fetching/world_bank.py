"""The World Bank's Indicators API, version 2: one question per series, all its pages, kept together as one vintage.

Options: ``base``; and the reader's ``country``, ``database`` and ``series`` (see ``sources/world_bank``). Observed: errors come
with status 200 in an envelope of their own; now and then a 400 with a page of HTML, which passes.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from pipelines.fetching import DAY, Answer, Fetched, Refused, Transient, day_of, option
from pipelines.fetching.client import Ask, as_json

_PER_PAGE = 1000
_MOST_PAGES = 50


async def fetch(ask: Ask, options: dict[str, Any]) -> Fetched:
    """All declared series of the country. The Bank's ``lastupdated`` is the day this vintage was published.

    Raises Refused when one of them is answered with an error message: an archived indicator, say.
    """
    series = [code for code, said in sorted(option(options, "series", dict).items()) if not said.get("retired")]
    answers = await asyncio.gather(*(_pages(ask, code, options) for code in series))
    updated = [day for pages in answers for page in pages if (day := _updated(page)) is not None]
    return Fetched(
        "world-bank-api",
        ".zip",
        [page for pages in answers for page in pages],
        published_on=max(updated) if updated else None,
        published_precision=DAY if updated else "UNKNOWN",
    )


async def _pages(ask: Ask, code: str, options: dict[str, Any]) -> list[Answer]:
    url = f"{option(options, 'base', str)}/country/{option(options, 'country', str)}/indicator/{code}"
    # Several indicators in one question need it, and without it the Bank may answer from another database.
    asked: dict[str, str | int] = {"format": "json", "per_page": _PER_PAGE, "source": option(options, "database", str)}
    first = await ask.get(url, asked, expect="json", passing=_passing)
    # Beyond the end the Bank counts anew: only what the first page says holds.
    said = str(_header(first).get("pages") or 1)
    if not said.isdecimal():
        raise Refused(f"{first.url}: has {said!r} pages, a number was expected")
    pages = int(said)
    if pages > _MOST_PAGES:
        raise Refused(f"{first.url}: has {pages} pages, more than {_MOST_PAGES}")
    more = [await ask.get(url, asked | {"page": number}, expect="json", passing=_passing) for number in range(2, pages + 1)]
    for answer in more:
        _header(answer)
    return [first, *more]


def _header(answer: Answer) -> dict[str, Any]:
    """The header of an answer. Raises Refused for an error envelope, Transient for what is neither."""
    said = as_json(answer)
    if isinstance(said, list) and said and isinstance(said[0], dict):
        if "message" in said[0]:
            raise Refused(f"{answer.url}: the Bank answers with an error: {said[0]['message']}")
        return said[0]
    raise Transient(f"{answer.url}: answered something that is neither data nor an error message")


def _updated(answer: Answer) -> date | None:
    return day_of(_header(answer).get("lastupdated"), answer.url)


def _passing(answer: Answer) -> bool:
    return answer.status == 400 and b"<html" in answer.body[:1000].lower()
