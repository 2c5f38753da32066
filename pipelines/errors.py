"""What is expected to go wrong: one base class, so that the command line can say it in one line with a code of its own."""

from __future__ import annotations

from typing import ClassVar


class Expected(Exception):
    """A failure with a name and a clear message; ``exit_code`` is what ``marsad`` leaves with."""

    exit_code: ClassVar[int] = 1


class Locked(Expected):
    """Another run is writing."""

    exit_code = 3


class Unknown(Expected):
    """Nothing is published, or nothing is known of what was asked."""

    exit_code = 5


class Blocked(Expected):
    """Nothing was published; what readers see has not changed."""

    exit_code = 6


class BadInput(Expected):
    """A file, a release, a reference table or a question that cannot be used as it is."""

    exit_code = 7


class Unreached(Expected):
    """No source answered; what was published last goes on serving."""

    exit_code = 9


class Interrupted(Expected):
    """A signal ended the run: Ctrl-C, or whoever stops services."""

    exit_code = 130


class Damaged(Expected):
    """The published file is not what was published."""

    exit_code = 10
