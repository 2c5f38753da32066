"""Signals are noted whatever their handler does, and whatever becomes of what it raises."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from pipelines import signals


@pytest.fixture
def quiet() -> Iterator[None]:
    """Handlers that do nothing: as if what they raised had been swallowed."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("sent", "ends"), [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGUSR1, False)])
def test_what_asks_to_end_is_noted(quiet: None, sent: signal.Signals, ends: bool) -> None:
    with signals.noted():
        assert not signals.asked_to_end()
        os.kill(os.getpid(), sent)

        assert signals.asked_to_end() is ends
        assert signals.asked_to_end() is ends

    assert not signals.asked_to_end()


def test_nothing_is_noted_from_before(quiet: None) -> None:
    os.kill(os.getpid(), signal.SIGINT)

    with signals.noted():
        assert not signals.asked_to_end()
