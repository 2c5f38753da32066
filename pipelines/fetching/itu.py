"""ITU DataHub, version 2: one question per series. Off by default: its licence may not allow passing the figures on.

Options: ``base``; and the reader's ``country`` (ISO 3166-1, three letters) and ``series`` (see ``sources/itu``).
"""

from __future__ import annotations

import asyncio
from typing import Any

from pipelines.fetching import Fetched, Refused, Transient, option
from pipelines.fetching.client import Ask, as_json


async def fetch(ask: Ask, options: dict[str, Any]) -> Fetched:
    """All declared series of the country. Raises Refused for an empty answer: the hub gives one for what it does not know."""
    base, country = option(options, "base", str), option(options, "country", str)
    codes = sorted(option(options, "series", dict))
    answers = await asyncio.gather(*(ask.get(f"{base}/data/bycode/{code}/byiso/{country}", expect="json") for code in codes))
    for answer in answers:
        said = as_json(answer)
        if not isinstance(said, list):
            raise Transient(f"{answer.url}: answered no list: {str(said)[:200]}")
        if not said:
            raise Refused(f"{answer.url}: the hub knows no figure of it")
    return Fetched("itu-datahub", ".zip", list(answers))
