"""Signals that ask this process to end, noted whatever becomes of the exception that their handler raises.

Dagster's handler raises where the signal finds Python: in a callback of a dying object that is only printed, and while DuckDB
works it comes out as an error of DuckDB's. What does not belong here: what a run does about it (``refresh``).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENDING = {signal.SIGINT, signal.SIGTERM}
# The ends to read of the pipes that are open, the innermost last, and what was read from it so far.
_pipes: list[tuple[int, set[int]]] = []


@contextmanager
def noted() -> Iterator[None]:
    """Note the signals that arrive within; handlers are called as before. In another thread than the first, nothing is noted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    read, write = os.pipe()
    for end in (read, write):
        os.set_blocking(end, False)
    before = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    _pipes.append((read, set()))
    try:
        yield
    finally:
        _pipes.pop()
        signal.set_wakeup_fd(before)
        os.close(read)
        os.close(write)


def asked_to_end() -> bool:
    """Whether one of them was Ctrl-C, or whoever stops services."""
    if not _pipes:
        return False
    read, seen = _pipes[-1]
    while True:
        try:
            seen.update(os.read(read, 512))
        except BlockingIOError:
            return not seen.isdisjoint(_ENDING)
