"""Single steps of a refresh as programs for the warm process, to be killed at each of their changes."""

from __future__ import annotations

import sys

from pipelines.settings import Settings
from pipelines.warehouse import publication


def main() -> None:
    """The step named on the command line, in the house of the environment."""
    settings = Settings.from_environment()
    if sys.argv[1] == "mend":
        publication.mend(settings)
    else:
        publication.publish(settings, "e" * 64, {"published_at": "now", "draft": {"origin": "kept"}})
