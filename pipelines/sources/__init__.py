"""One module per publisher's format: a release's bytes -> a frame of statements, all text, in the figures' columns.

A module here has ``read(path, kind, options) -> polars.DataFrame`` and nothing that knows Dagster, DuckDB or other
releases. Whether a statement is right is not its business: it raises only when the bytes are not what its format says.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

import polars as pl

from pipelines.errors import BadInput

Reader = Callable[..., pl.DataFrame]
"""``read(path, kind, options)``: the statements of one release."""


class ReleaseUnreadable(BadInput):
    """The release's bytes are not what its format says they are.

    ``rule`` names what was expected; ``row`` (1-based, header not counted), ``column`` and ``value`` say where, if anywhere.
    """

    def __init__(self, message: str, *, rule: str, row: int | None = None, column: str | None = None, value: str | None = None):
        super().__init__(message)
        self.rule = rule
        self.row = row
        self.column = column
        self.value = value


class ReaderUnknown(BadInput):
    """A ``dataset.yml`` names a reader that is no module of this package."""


def reader(name: str) -> Reader:
    """``read`` of the module ``name``. Raises ReaderUnknown."""
    try:
        read: Reader = importlib.import_module(f"{__name__}.{name}").read
    except (ImportError, AttributeError) as error:
        raise ReaderUnknown(
            f"there is no reader {name!r} in pipelines/sources: `reader` of a dataset.yml names a module there, "
            "such as figures or table"
        ) from error
    return read
