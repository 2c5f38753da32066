"""Whose id is whose: decided by the time of recording, by what replaces what, and by nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations

import pytest

from pipelines.warehouse.ids import Claim, judge


def claim(day: int, *ids: str, replaces: str | None = None) -> Claim:
    return Claim(datetime(2026, 1, 1) + timedelta(days=day), replaces, tuple(enumerate(ids, start=1)))


@pytest.mark.parametrize(
    ("claims", "refused"),
    [
        # Recorded first, in whichever data set; at the same moment, the name decides.
        ({"b/x": claim(1, "i"), "a/y": claim(2, "i")}, {"a/y"}),
        ({"b/x": claim(1, "i"), "a/y": claim(1, "i")}, {"b/x"}),
        # A refused one claims nothing, not even the ids that nobody else has.
        ({"a/x": claim(1, "i"), "b/y": claim(2, "i", "j"), "c/z": claim(3, "j")}, {"b/y"}),
        # What replaces takes the ids over, along the whole chain, and nobody else does.
        ({"a/x": claim(1, "i"), "a/y": claim(2, "i", replaces="x"), "a/z": claim(3, "i", replaces="y")}, set()),
        ({"a/x": claim(1, "i"), "a/y": claim(2, "i", replaces="x"), "a/z": claim(3, "i", replaces="x")}, {"a/z"}),
        ({"a/x": claim(1, "i"), "b/y": claim(2, "i", replaces="x")}, {"b/y"}),
        ({"a/x": claim(1, "i"), "b/w": claim(2, "i"), "a/y": claim(3, "i", replaces="x")}, {"b/w"}),
        # What a mended release no longer states is free for whoever is recorded later, also when it was mended at once.
        ({"a/x": claim(1, "i"), "a/y": claim(2, "j", replaces="x"), "b/z": claim(3, "i")}, set()),
        ({"a/x": claim(1, "i"), "a/m": claim(1, "j", replaces="x"), "b/z": claim(3, "i")}, set()),
        # Two that name each other are one family.
        ({"a/x": claim(1, "i", replaces="y"), "a/y": claim(2, "i", replaces="x")}, set()),
    ],
)
def test_who_is_refused(claims: dict[str, Claim], refused: set[str]) -> None:
    keyed = {(name.split("/")[0], name.split("/")[1]): each for name, each in claims.items()}

    for order in permutations(keyed):
        verdict = judge({key: keyed[key] for key in order})
        assert {"/".join(key) for key in verdict} == refused
