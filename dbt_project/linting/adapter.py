"""What sqlfluff sees in place of dbt's adapter: a dispatched macro reads as one expression. No part of a run."""

from collections.abc import Callable


def dispatch(name: str, package: str) -> Callable[..., str]:
    """A macro that renders as a column named after it."""
    return lambda *arguments: f"dispatched_{name}"
