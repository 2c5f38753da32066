"""Where things are: every path and environment variable of the house, read when asked and never at import.

What does not belong here: anything that opens, reads or writes those places.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import BadInput

CATALOG = "marsad"
"""Name of the database in every file: views and macros are qualified with it, so it never changes."""


def sql_text(said: Path | str) -> str:
    """A path or a text as SQL writes it, for ATTACH and COMMENT, which take no parameter: either may have an apostrophe."""
    return "'" + str(said).replace("'", "''") + "'"


@dataclass(frozen=True)
class Settings:
    """The places one run works with.

    ``checkout`` holds the code and ``dbt_project``; ``data`` holds ``raw``, ``seeds`` and ``warehouse``. The environment
    variable ``MARSAD_DATA`` moves the whole data folder, ``MARSAD_WAREHOUSE`` the warehouse alone; ``MARSAD_RAW`` names a
    second folder of releases, outside the checkout, where fetched ones go.
    """

    checkout: Path
    data: Path
    warehouse: Path
    elsewhere: Path | None = None

    @classmethod
    def from_environment(cls) -> Settings:
        """Read ``MARSAD_DATA``, ``MARSAD_WAREHOUSE`` and ``MARSAD_RAW``; without them everything is inside the checkout."""
        checkout = Path(__file__).resolve().parent.parent
        data = Path(os.environ.get("MARSAD_DATA") or checkout / "data").resolve()
        warehouse = Path(os.environ.get("MARSAD_WAREHOUSE") or data / "warehouse").resolve()
        for folder in (data, warehouse):
            if "'" in str(folder):
                raise BadInput(f"{folder}: dbt cannot work in a folder with an apostrophe in its name; move it")
        second = os.environ.get("MARSAD_RAW")
        elsewhere = Path(second).resolve() if second else None
        if elsewhere is not None and (elsewhere == data / "raw" or elsewhere.is_relative_to(data / "raw")):
            raise BadInput(f"MARSAD_RAW is {elsewhere}, inside {data / 'raw'}: name a folder of its own")
        return cls(checkout=checkout, data=data, warehouse=warehouse, elsewhere=elsewhere)

    @property
    def raw(self) -> Path:
        """Releases as they were published: ``<domain>/<dataset>/``."""
        return self.data / "raw"

    @property
    def inbox(self) -> Path:
        """Where people drop files to be filed: ``<domain>/<dataset>/``."""
        return self.data / "inbox"

    @property
    def seeds(self) -> Path:
        """Reference tables a person maintains; dbt loads them as seeds."""
        return self.data / "seeds"

    @property
    def dbt_project(self) -> Path:
        """The dbt project (models, macros, tests, profile)."""
        return self.checkout / "dbt_project"

    @property
    def dbt_target(self) -> Path:
        """Where dbt writes its manifest and partial parse: beside the draft, since it describes that draft."""
        return self.warehouse / "dbt" / "target"

    @property
    def draft(self) -> Path:
        """The file only the pipeline opens."""
        return self.warehouse / "draft" / f"{CATALOG}.duckdb"

    @property
    def lock(self) -> Path:
        """The writer's lock."""
        return self.warehouse / "writer.lock"

    @property
    def publications(self) -> Path:
        """One folder per publication."""
        return self.warehouse / "publications"

    @property
    def current(self) -> Path:
        """The symbolic link that readers follow."""
        return self.warehouse / "current"

    @property
    def published(self) -> Path:
        """The file analysts open."""
        return self.current / f"{CATALOG}.duckdb"

    @property
    def reports(self) -> Path:
        """What people were told about the nights: one text file per event."""
        return self.warehouse / "reports"

    @property
    def schema_docs(self) -> Path:
        """The documentation of tables and columns, in one file."""
        return self.warehouse / "docs" / "index.html"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance: ``DAGSTER_HOME`` when set, otherwise beside the warehouse."""
        return Path(os.environ.get("DAGSTER_HOME") or self.warehouse / "dagster").resolve()
