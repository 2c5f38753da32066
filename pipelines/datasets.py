"""Data sets, releases and their sidecars as they lie in ``data/raw``: finding them, checking their seals, filing new ones.

A data set is a folder ``<domain>/<dataset>`` with a ``dataset.yml``; a release is a file beside it with a sidecar
``<file>.yml``. What does not belong here: what a release says (``sources``), whether it is good (``statements``), Dagster.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import BadInput

DATASET_FILE = "dataset.yml"
KINDS = ("observation", "target", "event")
PRECISIONS = ("DAY", "MONTH", "YEAR", "UNKNOWN")
_RELEASE_NAME = re.compile(r"(?:undated|\d{4}(?:-\d{2}(?:-\d{2})?)?)__[a-z0-9][a-z0-9._-]*")
_DATASET_KEYS = {
    "title", "description", "publisher", "address", "licence", "reader", "kind", "expected_every", "max_age_days", "contact",
}  # fmt: skip
MEASURES = ("rows", "indicators", "areas", "periods")
"""What must not become fewer from one publication to the next."""
MayShrink = dict[str, Decimal]
"""By measure, what part of what there was may vanish, in percent; nothing of what is not named."""
_DURATION = re.compile(r"P[1-9]\d*[DWMY]")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?) ?%")
_SIDECAR_KEYS = {"document", "published_on", "published_precision", "retrieved_on", "note"}
_SIDECAR_OPTIONAL = {"replaces", "reason", "package", "workbooks", "fetched", "sha256", "recorded_at"}
_DATASET_OPTIONAL = {"options", "fetch", "out_of_service", "may_shrink"}


class DataSetInvalid(BadInput):
    """A ``dataset.yml`` that cannot be used; the message names file, key and rule."""


class ReleaseInvalid(BadInput):
    """A release that cannot even be read as one: its name, sidecar or seal is wrong. Names file, rule and what to do."""


class SealBroken(ReleaseInvalid):
    """The bytes of a sealed release are not those that were accepted."""


@dataclass(frozen=True)
class DataSet:
    """One ``dataset.yml``. ``name`` is ``<domain>/<dataset>``."""

    folder: Path
    domain: str
    name: str
    title: dict[str, str]
    description: str
    publisher: str
    address: str | None
    licence: str
    reader: str
    kind: str
    expected_every: str | None
    max_age_days: int | None
    contact: str
    options: dict[str, Any] = field(default_factory=dict)
    may_shrink: MayShrink = field(default_factory=dict)
    fetch: dict[str, Any] | None = None
    """Where it is fetched from (see ``fetching``); None when people bring its releases."""
    out_of_service: str | None = None
    """Since when and why its publisher is not asked, as a person declared it."""
    elsewhere: Path | None = None
    """A second folder of its releases, outside the checkout, where fetched ones go."""

    @property
    def filing_folder(self) -> Path:
        """Where fetched releases go."""
        return self.elsewhere or self.folder

    @property
    def key(self) -> list[str]:
        """The asset key: domain and data set."""
        return self.name.split("/")


@dataclass(frozen=True)
class Release:
    """One release and what its sidecar says. ``sha256`` and ``recorded_at`` are the seal."""

    dataset: str
    path: Path
    document: str | None
    published_on: date | None
    published_precision: str
    retrieved_on: date
    note: str | None
    replaces: str | None
    reason: str | None
    sha256: str
    recorded_at: datetime
    fetched: list[dict[str, Any]] | None = None
    """The publisher's answers that it holds (address, time, status, headers); None for what a person brought."""

    @property
    def name(self) -> str:
        """The file's name, which is the release's id within its data set."""
        return self.path.name


def data_sets(raw: Path, elsewhere: Path | None = None) -> list[DataSet]:
    """Every data set under ``raw``, by name; ``elsewhere`` is the second root, where fetched releases go.

    Raises DataSetInvalid, for a folder of files without ``dataset.yml`` too.
    """
    for folder in sorted(raw.glob("*/*/")):
        if not (folder / DATASET_FILE).exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise DataSetInvalid(
                f"{folder}: has files and no {DATASET_FILE}, so nobody reads them: describe the data set, or move them"
            )
    found = [read_data_set(path, elsewhere) for path in sorted(raw.glob(f"*/*/{DATASET_FILE}"))]
    names = {dataset.name for dataset in found}
    for folder in [] if elsewhere is None else sorted(elsewhere.glob("*/*/")):
        name = f"{folder.parent.name}/{folder.name}"
        if name not in names and any(not path.name.startswith(".") for path in folder.iterdir()):
            raise DataSetInvalid(f"{folder}: has files, and {raw} has no data set {name}: nobody reads them")
    return found


def read_data_set(path: Path, elsewhere: Path | None = None) -> DataSet:
    """One ``dataset.yml``. Raises DataSetInvalid."""
    said = _yaml(path, DataSetInvalid)
    missing, unknown = _DATASET_KEYS - said.keys(), said.keys() - _DATASET_KEYS - _DATASET_OPTIONAL
    if missing or unknown:
        raise DataSetInvalid(f"{path}: missing keys {sorted(missing)}, unknown keys {sorted(map(str, unknown))}")
    if said["kind"] not in KINDS:
        raise DataSetInvalid(f"{path}: kind is {said['kind']!r}, must be one of {', '.join(KINDS)}")
    title = said["title"]
    if not isinstance(title, dict) or {"en", "fr", "ar"} - title.keys() or not all(title.values()):
        raise DataSetInvalid(f"{path}: title must be given in en, fr and ar")
    if said["expected_every"] is None and said["max_age_days"] is not None:
        raise DataSetInvalid(f"{path}: max_age_days is {said['max_age_days']} but expected_every is null: say both or neither")
    if said["expected_every"] is not None and not isinstance(said["max_age_days"], int):
        raise DataSetInvalid(f"{path}: expected_every is {said['expected_every']} but max_age_days is not a number of days")
    if said["expected_every"] is not None and (isinstance(said["max_age_days"], bool) or said["max_age_days"] < 1):
        raise DataSetInvalid(f"{path}: max_age_days is {said['max_age_days']}, must be a number of days from 1 on")
    if said["expected_every"] is not None and not _DURATION.fullmatch(str(said["expected_every"])):
        raise DataSetInvalid(
            f"{path}: expected_every is {said['expected_every']!r}, must be an ISO 8601 duration of days, weeks, months or "
            "years, as in P1M or P1Y"
        )
    try:
        allowed = may_shrink(said.get("may_shrink"))
    except ValueError as error:
        raise DataSetInvalid(f"{path}: {error}") from error
    folder = path.parent
    return DataSet(
        folder=folder,
        domain=folder.parent.name,
        name=f"{folder.parent.name}/{folder.name}",
        **{key: said[key] for key in _DATASET_KEYS},
        options=said.get("options") or {},
        fetch=said.get("fetch"),
        out_of_service=said.get("out_of_service"),
        elsewhere=None if elsewhere is None else elsewhere / folder.parent.name / folder.name,
        may_shrink=allowed,
    )


def may_shrink(said: Any) -> MayShrink:
    """What ``may_shrink`` allows to vanish between two publications, as in ``{rows: 5 %, periods: 1 %}``. Raises ValueError."""
    if said is None:
        return {}
    if not isinstance(said, dict) or said.keys() - set(MEASURES):
        raise ValueError(f"may_shrink is {said!r}, must give a share for some of {', '.join(MEASURES)}, as in {{rows: 5 %}}")
    allowed = {}
    for measure, share in said.items():
        matched = _SHARE.fullmatch(share) if isinstance(share, str) else None
        if matched is None or Decimal(matched[1]) > 100:
            raise ValueError(f"may_shrink of {measure} is {share!r}, must be a share from 0 % to 100 %, as in {{rows: 5 %}}")
        allowed[measure] = Decimal(matched[1])
    return allowed


def release_paths(dataset: DataSet) -> list[Path]:
    """Release files of ``dataset``, by name: every file of its folders but ``dataset.yml`` and the sidecars.

    Raises DataSetInvalid when two folders have a release of one name.
    """
    found: dict[str, Path] = {}
    for folder in _folders(dataset):
        for path in folder.iterdir():
            if path.is_file() and path.name != DATASET_FILE and path.suffix != ".yml" and not path.name.startswith("."):
                if path.name in found:
                    raise DataSetInvalid(f"{path}: {found[path.name]} has the same name; a release exists once")
                found[path.name] = path
    return [found[name] for name in sorted(found)]


def _folders(dataset: DataSet) -> list[Path]:
    return [folder for folder in (dataset.folder, dataset.elsewhere) if folder is not None and folder.is_dir()]


def seals(dataset: DataSet) -> dict[str, str]:
    """Checksum by release of every sealed sidecar, whether or not its file is there. Unreadable sidecars seal nothing."""
    found = {}
    for sidecar in (path for folder in _folders(dataset) for path in folder.glob("*__*.yml")):
        try:
            said = _yaml(sidecar, ReleaseInvalid)
        except ReleaseInvalid:
            continue
        if "sha256" in said:
            found[sidecar.name.removesuffix(".yml")] = str(said["sha256"])
    return found


def sidecar_path(release: Path) -> Path:
    """Where the sidecar of ``release`` stands."""
    return release.with_name(release.name + ".yml")


def checksum(path: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_release(dataset: DataSet, path: Path) -> Release:
    """The release at ``path`` with its seal verified.

    Raises ReleaseInvalid when name or sidecar are wrong or the release is not sealed, SealBroken when its bytes changed.
    """
    said = read_sidecar(path)
    if "sha256" not in said or "recorded_at" not in said:
        raise ReleaseInvalid(f"{path}: not sealed; file it with `marsad add {path} --dataset {dataset.name}`")
    try:
        actual = checksum(path)
    except OSError as error:
        raise ReleaseInvalid(f"{path}: cannot be read: {error.strerror}") from error
    if actual != said["sha256"]:
        raise SealBroken(
            f"{path}: an accepted release never changes, but its bytes did: sealed {said['sha256']}, now {actual}; "
            "restore the file, and mend a slip with a new release whose sidecar says replaces and reason"
        )
    recorded_at = said["recorded_at"]
    if not isinstance(recorded_at, datetime) or recorded_at.tzinfo is None:
        raise ReleaseInvalid(f"{sidecar_path(path)}: recorded_at must be a time in UTC, not {recorded_at!r}")
    return release_of(dataset, path, said, said["sha256"], recorded_at)


def release_of(dataset: DataSet, path: Path, said: dict[str, Any], sha256: str, recorded_at: datetime) -> Release:
    """The release at ``path`` of whose sidecar ``said`` is what it says or will say; ``recorded_at`` has a time zone."""
    return Release(
        dataset=dataset.name,
        path=path,
        document=said["document"],
        published_on=said["published_on"],
        published_precision=said["published_precision"],
        retrieved_on=said["retrieved_on"],
        note=said["note"],
        replaces=said.get("replaces"),
        reason=said.get("reason"),
        sha256=sha256,
        recorded_at=recorded_at.astimezone(UTC).replace(tzinfo=None),
        fetched=said.get("fetched"),
    )


def read_sidecar(path: Path) -> dict[str, Any]:
    """What the sidecar of release ``path`` says, checked key by key. Raises ReleaseInvalid."""
    if not _RELEASE_NAME.fullmatch(path.name):
        raise ReleaseInvalid(
            f"{path}: a release is named <YYYY[-MM[-DD]] or undated>__<document slug>.<format>, in lower case without blanks"
        )
    sidecar = sidecar_path(path)
    if not sidecar.exists():
        raise ReleaseInvalid(f"{path}: has no sidecar {sidecar.name}; file releases with `marsad add`")
    said = _yaml(sidecar, ReleaseInvalid)
    missing, unknown = _SIDECAR_KEYS - said.keys(), said.keys() - _SIDECAR_KEYS - _SIDECAR_OPTIONAL
    if missing or unknown:
        raise ReleaseInvalid(f"{sidecar}: missing keys {sorted(missing)}, unknown keys {sorted(map(str, unknown))}")
    published_on, precision = said["published_on"], said["published_precision"]
    if precision not in PRECISIONS or (published_on is None) != (precision == "UNKNOWN"):
        raise ReleaseInvalid(f"{sidecar}: published_on {published_on} does not go with published_precision {precision}")
    if not isinstance(said["retrieved_on"], date) or not (published_on is None or isinstance(published_on, date)):
        raise ReleaseInvalid(f"{sidecar}: published_on and retrieved_on must be dates (YYYY-MM-DD)")
    prefix = path.name.partition("__")[0]
    if prefix != expected_prefix(published_on, precision):
        raise ReleaseInvalid(f"{path}: its name says {prefix}, its sidecar says published {published_on} ({precision})")
    if (said.get("replaces") is None) != (said.get("reason") is None):
        raise ReleaseInvalid(f"{sidecar}: replaces and reason go together")
    return said


def expected_prefix(published_on: date | None, precision: str) -> str:
    """First part of a release's file name."""
    if published_on is None:
        return "undated"
    return published_on.isoformat()[: {"DAY": 10, "MONTH": 7, "YEAR": 4}[precision]]


def seal(dataset: DataSet, path: Path, now: datetime | None = None) -> Release:
    """Seal the release at ``path``: write sha256 and recorded_at into its sidecar, once.

    ``recorded_at`` is ``now`` (UTC), but never earlier than the data set's last one, even if the clock went back.
    Raises ReleaseInvalid when it is sealed already or cannot be.
    """
    said = read_sidecar(path)
    if "sha256" in said:
        raise ReleaseInvalid(f"{path}: is sealed already ({said['sha256']}); a new statement is a new release")
    recorded = never_before(dataset, now or datetime.now(UTC), without=path)
    write_sidecar(path, said | {"sha256": checksum(path), "recorded_at": recorded})
    return read_release(dataset, path)


def never_before(dataset: DataSet, now: datetime, without: Path | None = None) -> datetime:
    """``now`` (UTC, to the second), or when the data set's last release was recorded if the clock went back since."""
    recorded = now.astimezone(UTC).replace(microsecond=0)
    for other in release_paths(dataset):
        if other != without and sidecar_path(other).exists():
            earlier = read_sidecar(other).get("recorded_at")
            if isinstance(earlier, datetime):
                recorded = max(recorded, earlier.astimezone(UTC))
    return recorded


def write_sidecar(release: Path, said: dict[str, Any]) -> None:
    """Write the sidecar whole or not at all: a temporary name, then a rename."""
    sidecar = sidecar_path(release)
    temporary = sidecar.with_name(f".{sidecar.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        yaml.safe_dump(said, file, allow_unicode=True, sort_keys=False, width=120)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(sidecar)


def _yaml(path: Path, error: type[BadInput]) -> dict[str, Any]:
    try:
        said = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as cause:
        raise error(f"{path}: cannot be read: {cause}") from cause
    if not isinstance(said, dict):
        raise error(f"{path}: must be a table of keys and values")
    return said


# libyaml's loader is ten times faster and reads the same; it is compiled into the wheels of every platform we support.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
