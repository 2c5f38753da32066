"""Here publishers are asked: servers of this machine."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARSAD_OFFLINE")
