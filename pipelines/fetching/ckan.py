"""A CKAN portal (data.gov.ma): the package is asked which file it holds, then the file is asked for.

Options: ``base``, the action API; ``package``; ``resource``, the file's id in the portal; ``suffix``, the file's ending.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from pipelines.fetching import DAY, Answer, Fetched, Refused, option
from pipelines.fetching.client import Ask, as_json

_MOST_NAMED = 10


async def fetch(ask: Ask, options: dict[str, Any]) -> Fetched:
    """The declared file of the package as it is now; the portal's own date of it is the day it was published.

    Raises NotModified; Refused when the portal answers with an error, or when the file is gone: it then names those there are.
    """
    base, suffix = option(options, "base", str), option(options, "suffix", str)
    shown = await ask.get(f"{base}/package_show", {"id": option(options, "package", str)}, expect="json")
    resource = _resource(shown, option(options, "resource", str))
    address = resource.get("url")
    if not isinstance(address, str) or not address.lower().partition("?")[0].endswith(suffix):
        raise Refused(f"{shown.url}: the file {resource.get('name')!r} is at {address!r}, no {suffix} file as declared")
    answer = await ask.get(address, expect="binary", conditional=True, told_by=shown.url)
    changed = resource.get("last_modified") or resource.get("created")
    return Fetched(
        "ckan",
        suffix,
        [answer],
        published_on=date.fromisoformat(changed[:10]) if changed else None,
        published_precision=DAY if changed else "UNKNOWN",
    )


def _resource(shown: Answer, wanted: str) -> dict[str, Any]:
    said = as_json(shown)
    if not isinstance(said, dict) or said.get("success") is not True:
        error = said.get("error") if isinstance(said, dict) else said
        raise Refused(f"{shown.url}: the portal answers with an error: {error}")
    files: list[dict[str, Any]] = (said.get("result") or {}).get("resources") or []
    found = [each for each in files if each.get("id") == wanted]
    if len(found) != 1:
        named = "; ".join(f"{each.get('id')} {each.get('name')!r} ({each.get('format')})" for each in files[:_MOST_NAMED])
        raise Refused(
            f"{shown.url}: the declared file {wanted} is not there any more; the package has: {named or 'no file'}. "
            "Look whether one of them takes its place, and name it in dataset.yml"
        )
    return found[0]
