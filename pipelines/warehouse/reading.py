"""Opening the published file the way an analyst does: read-only, and never a half-switched one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from pipelines.errors import Damaged
from pipelines.settings import CATALOG, Settings, sql_text
from pipelines.warehouse.publication import NothingPublished, current, damage, why_not_whole


class PublicationDamaged(Damaged):
    """What readers get is not what was published; the message says what gives them the last good one."""


@contextmanager
def reader(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the current publication. Raises NothingPublished, PublicationDamaged."""
    if not settings.published.exists():
        if (found := damage(settings)) is not None:
            raise PublicationDamaged(f"{found}; `marsad refresh` publishes it")
        if settings.current.is_symlink():
            raise PublicationDamaged(f"{settings.current}: leads to nothing; `marsad refresh` gives readers the last good one")
        raise NothingPublished(f"{settings.current}: nothing has been published yet; run `marsad refresh`")
    # The link is resolved once: the connection stays with this publication while the link moves on.
    file = settings.published.resolve()
    try:
        connection = duckdb.connect(file, read_only=True)
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise PublicationDamaged(
            f"{file}: cannot be read ({said}); `marsad refresh` gives readers the last good one and publishes anew"
        ) from error
    try:
        # DuckDB draws its bar on standard output, into the CSV or JSON of whoever asks a long question.
        connection.execute("set enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


def refuse_damaged(settings: Settings) -> None:
    """Compare what readers get with its checksum. Raises PublicationDamaged; what is missing altogether ``reader`` tells."""
    now = current(settings)
    if now is not None and (wrong := why_not_whole(now)) is not None:
        raise PublicationDamaged(f"{now.file}: {wrong}; `marsad refresh` gives readers the last good one and publishes anew")


def attach_statement(settings: Settings) -> str:
    """SQL that attaches the published file under the name its views expect."""
    return f"ATTACH {sql_text(settings.published)} AS {CATALOG} (READ_ONLY); USE {CATALOG};"
