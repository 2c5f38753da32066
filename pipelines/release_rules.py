"""Rules that a release keeps as a whole: what its sidecar names exists, and it was read before it was filed.

Asked when a release is filed and again when it is loaded, so that nothing is sealed which a refresh then refuses. What does not
belong here: rules of rows (``statements``), and whose ids are whose (``warehouse.ids``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import polars as pl

from pipelines.datasets import Release
from pipelines.reference import Reference
from pipelines.statements import Problem

# A day read in one time zone may be the day before in UTC.
_CLOCKS_APART = timedelta(days=1)


def of_sidecar(release: Release, reference: Reference, names: Collection[str]) -> list[Problem]:
    """What the sidecar names and is not there; ``names`` are the releases of the data set."""
    if release.document is not None and release.document not in reference.codes("documents"):
        message = f"the sidecar names document {release.document!r}, which is not in the documents seed"
        return [Problem("a known document", message)]
    if release.replaces is not None and (release.replaces not in names or release.replaces == release.name):
        message = f"replaces {release.replaces!r}, which is no other release of {release.dataset}"
        return [Problem("replaces another release of the data set", message)]
    return []


def of_dates(statements: pl.DataFrame, release: Release, reference: Reference) -> list[Problem]:
    """Whoever says that the release, or a document of it, was read after it was filed."""
    named = statements["document"].unique().to_list()
    documents = reference.documents.filter(pl.col("document").is_in(named), pl.col("retrieved_on").is_not_null())
    read = documents.select("document", "retrieved_on").rows()
    said = [("the sidecar", release.retrieved_on)]
    said += [(f"the documents seed, of {document},", day) for document, day in read]
    filed_on = release.recorded_at.date()
    return [
        Problem("read before it was recorded", f"{who} says it was read on {day}, and it was filed here on {filed_on}")
        for who, day in sorted(said)
        if day > filed_on + _CLOCKS_APART
    ]
