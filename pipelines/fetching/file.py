"""A file at a fixed address (CSV, XLSX, Parquet, JSON): a ministry's new file needs a ``dataset.yml`` and no code.

Options: ``url``; ``suffix``, the file's ending, dot included. What is in it is the reader's business (see ``sources/table``).
"""

from __future__ import annotations

from typing import Any

from pipelines.fetching import Fetched, OptionsInvalid, option
from pipelines.fetching.client import Ask

_SUFFIXES = (".csv", ".xlsx", ".parquet", ".json")


async def fetch(ask: Ask, options: dict[str, Any]) -> Fetched:
    """The file as it is now. Raises NotModified when the publisher says that it is still the one kept."""
    url, suffix = option(options, "url", str), option(options, "suffix", str)
    if suffix not in _SUFFIXES:
        raise OptionsInvalid(f"fetch option 'suffix' is {suffix!r}, must be one of {', '.join(_SUFFIXES)}")
    answer = await ask.get(url, expect="json" if suffix == ".json" else "binary", conditional=True)
    return Fetched("file", suffix, [answer])
