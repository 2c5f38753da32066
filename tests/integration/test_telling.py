"""``marsad refresh --notify``, ``marsad health`` and ``marsad notify``: the same reports without a daemon."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines import alerts
from pipelines.quiet import instance_of
from pipelines.settings import Settings
from pipelines.warehouse import lock
from tests.integration.running import at, marsad


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARSAD_NOTIFY", raising=False)


def place(data: Path) -> Settings:
    with at(data):
        return Settings.from_environment()


def test_a_refresh_that_fails_reports_only_when_asked_to(tmp_path: Path) -> None:
    settings = place(tmp_path / "data")
    for folder in (settings.raw, settings.seeds):
        folder.mkdir(parents=True)
    with lock.writer(settings.lock, "somebody else"):
        by_hand = marsad(settings.data, "refresh")
        assert (by_hand.code, alerts.reports(settings)) == (3, [])

        by_timer = marsad(settings.data, "refresh", "--notify", "--wait", "0.2")

    assert by_timer.code == 3
    assert "report: to nobody: MARSAD_NOTIFY names no receiver" in by_timer.err
    [report] = alerts.reports(settings)
    told = report.read_text(encoding="utf-8")
    assert "run somebody else, since" in told
    assert "another run was writing" in told
    assert "Last good publication  none" in told


def test_a_data_folder_that_is_none_is_named(tmp_path: Path) -> None:
    said = marsad(tmp_path / "nowhere", "refresh")

    assert said.code == 7
    assert said.error.startswith(f"{tmp_path / 'nowhere' / 'raw'}: there is no such folder; MARSAD_DATA names")


def test_health_has_a_code_of_its_own_for_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.test_alerts import NIGHT, publish

    settings = place(tmp_path / "data")
    assert marsad(settings.data, "health").code == 5

    publish(settings, NIGHT.replace(year=2020))
    stale = marsad(settings.data, "health", "--notify")
    assert stale.code == 8
    assert "no refresh went well since 2020-11-23 03:30 UTC" in stale.error
    assert "Marsad: the publication is stale" in stale.out
    assert [path.stem.split("__")[1] for path in alerts.reports(settings)] == ["stale"]

    with at(settings.data), instance_of(settings) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(["publication"]))
    fresh = marsad(settings.data, "health")
    assert (fresh.code, fresh.out) == (0, "000012-abcdefabcdef is fresh\n")


def test_notify_says_that_there_is_no_receiver(tmp_path: Path) -> None:
    said = marsad(tmp_path, "notify")

    assert said.code == 7
    assert said.error == "MARSAD_NOTIFY names no receiver"
