"""A CKAN portal (data.gov.ma): the package is asked which file it holds, then the file is asked for.

Options: ``base``, the action API; ``package``; ``suffix``, the file's ending; and either ``resource``, the file's id in the
portal, or ``only``, a format ("XLSX") that one file of the package alone has: where several have it nothing is chosen.
"""

from __future__ import annotations

from typing import Any

from pipelines.fetching import DAY, Answer, Fetched, OptionsInvalid, Refused, day_of, option
from pipelines.fetching.client import Ask, as_json

_MOST_NAMED = 10


async def fetch(ask: Ask, options: dict[str, Any]) -> Fetched:
    """The declared file of the package as it is now; the portal's own date of it is the day it was published.

    Raises NotModified; Refused when the portal answers with an error, or when the file is gone or not the only one of its
    format: it then names those there are.
    """
    base, suffix = option(options, "base", str), option(options, "suffix", str)
    if len({"resource", "only"} & options.keys()) != 1:
        raise OptionsInvalid("fetch options must have one of 'resource' (a file's id) and 'only' (a format)")
    shown = await ask.get(f"{base}/package_show", {"id": option(options, "package", str)}, expect="json")
    resource = _resource(shown, options)
    address = resource.get("url")
    if not isinstance(address, str) or not address.lower().partition("?")[0].endswith(suffix):
        raise Refused(f"{shown.url}: the file {resource.get('name')!r} is at {address!r}, no {suffix} file as declared")
    answer = await ask.get(address, expect="binary", conditional=True, told_by=shown.url)
    changed = day_of(resource.get("last_modified") or resource.get("created"), shown.url)
    return Fetched(
        "ckan",
        suffix,
        [answer],
        published_on=changed,
        published_precision=DAY if changed else "UNKNOWN",
    )


def _resource(shown: Answer, options: dict[str, Any]) -> dict[str, Any]:
    said = as_json(shown)
    if not isinstance(said, dict) or said.get("success") is not True:
        error = said.get("error") if isinstance(said, dict) else said
        raise Refused(f"{shown.url}: the portal answers with an error: {error}")
    package = said.get("result")
    files = package.get("resources") if isinstance(package, dict) else None
    if not isinstance(files, list) or not all(isinstance(each, dict) for each in files):
        raise Refused(f"{shown.url}: the portal's answer has no list of files")
    found: list[dict[str, Any]]
    if "resource" in options:
        wanted = option(options, "resource", str)
        found = [each for each in files if each.get("id") == wanted]
        missed = f"the declared file {wanted} is not there any more"
    else:
        only = option(options, "only", str)
        found = [each for each in files if str(each.get("format")).strip().upper() == only.upper()]
        missed = f"{len(found) or 'no'} files have the format {only}, one was expected"
    if len(found) != 1:
        named = "; ".join(f"{each.get('id')} {each.get('name')!r} ({each.get('format')})" for each in files[:_MOST_NAMED])
        raise Refused(
            f"{shown.url}: {missed}; the package has: {named or 'no file'}. "
            "Look whether one of them is meant, and name it in dataset.yml"
        )
    return found[0]
