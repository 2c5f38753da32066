"""Exit codes differ by kind of failure."""

from __future__ import annotations

from pipelines.datasets import DataSetInvalid, SealBroken
from pipelines.errors import BadInput, Blocked, Expected, Locked, Unknown
from pipelines.filing import ReleaseRefused
from pipelines.periods import PeriodError
from pipelines.reference import SeedUnreadable
from pipelines.sources import ReaderUnknown, ReleaseUnreadable
from pipelines.warehouse.lock import WarehouseLocked
from pipelines.warehouse.publication import NothingPublished, PublicationRefused


def test_every_kind_of_failure_has_an_exit_code_of_its_own() -> None:
    codes = [kind.exit_code for kind in (Expected, Locked, Unknown, Blocked, BadInput)]

    # 0 is success and 2 is what command lines say to wrong arguments.
    assert len(set(codes)) == len(codes)
    assert not {0, 2} & set(codes)


def test_each_named_failure_is_of_its_kind() -> None:
    assert issubclass(WarehouseLocked, Locked)
    assert issubclass(NothingPublished, Unknown)
    assert issubclass(PublicationRefused, Blocked)
    bad_input = (SealBroken, DataSetInvalid, ReleaseRefused, ReleaseUnreadable, ReaderUnknown, SeedUnreadable, PeriodError)
    assert all(issubclass(each, BadInput) for each in bad_input)
