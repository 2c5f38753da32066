"""What people are told about the nights: real webhooks and mail on this machine, receivers that are down, no repeats."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest
from aiosmtpd.controller import Controller

from pipelines import alerts
from pipelines.datasets import checksum
from pipelines.settings import Settings

NIGHT = datetime(2026, 11, 23, 3, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PASSWORD = "s3cr3t-of-the-ministry"


@dataclass
class Webhook:
    """A web server that keeps what it was sent, and answers ``status``."""

    address: str
    status: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MARSAD_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("MARSAD_NOTIFY", raising=False)
    return Settings.from_environment()


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """MARSAD_NOTIFY names it, with a password."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Webhook(f"json://marsad:{PASSWORD}@127.0.0.1:{server.server_port}/night")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    monkeypatch.setenv("MARSAD_NOTIFY", made.address)
    yield made
    server.shutdown()
    server.server_close()


def publish(settings: Settings, at: datetime, late_after: str = "2099-01-01", name: str = "000012-abcdefabcdef") -> None:
    """The least that counts as a publication: a file with its sources' health, and its manifest."""
    folder = settings.publications / name
    folder.mkdir(parents=True)
    file = folder / "marsad.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute("create schema quality")
        connection.execute(
            f"create table quality.source_health as select 'connectivity/anrt' as dataset, date '{late_after}' as late_after, "
            "'who@example.org' as contact"
        )
    said = {"publication": name, "fingerprint": "abc", "bytes": file.stat().st_size, "sha256": checksum(file), "rows": {}}
    manifest = said | {"published_at": at.isoformat()}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    settings.current.unlink(missing_ok=True)
    settings.current.symlink_to(folder)


def written(settings: Settings) -> list[str]:
    return [path.stem.split("__")[1] for path in alerts.reports(settings)]


# A failed night


def test_a_failed_night_says_what_failed_since_when_and_what_to_do(settings: Settings, webhook: Webhook) -> None:
    publish(settings, NIGHT - DAY)

    told = alerts.failed(settings, "run-1", ["raw/observations: check raw_records failed: 3 rows"], NIGHT)

    assert told is not None
    assert told.file is not None
    assert told.delivery == ("receiver 1 (json): delivered",)
    text = told.file.read_text(encoding="utf-8")
    assert "000012-abcdefabcdef, published 2026-11-22 03:30 UTC; readers keep it" in text
    assert "raw/observations: check raw_records failed: 3 rows" in text
    assert "2026-11-23 03:30 UTC (1 failed run)" in text
    assert "mend the release, the seed or the model" in text
    assert "run-1" in text
    assert "receiver 1 (json): delivered" in text
    [got] = webhook.got
    assert got["title"] == "Marsad: the refresh failed"
    assert "raw/observations: check raw_records failed: 3 rows" in got["message"]
    assert "readers keep it" in got["message"]


def test_failures_in_a_row_are_counted_from_the_first(settings: Settings) -> None:
    alerts.failed(settings, "run-1", ["one"], NIGHT)
    told = alerts.failed(settings, "run-2", ["two"], NIGHT + DAY)

    assert told is not None
    assert told.title == "Marsad: the refresh failed, 2 times in a row"
    assert "2026-11-23 03:30 UTC (2 failed runs)" in told.text


def test_the_same_run_is_told_once(settings: Settings, webhook: Webhook) -> None:
    alerts.failed(settings, "run-1", ["one"], NIGHT)

    assert alerts.failed(settings, "run-1", ["one"], NIGHT + HOUR) is None
    assert len(webhook.got) == 1
    assert written(settings) == ["failed"]


def test_well_again_is_told_once_and_only_after_trouble(settings: Settings, webhook: Webhook) -> None:
    publish(settings, NIGHT)
    assert alerts.well(settings, "run-0 went well", NIGHT) is None
    alerts.failed(settings, "run-1", ["one"], NIGHT)
    alerts.failed(settings, "run-2", ["two"], NIGHT + DAY)

    told = alerts.well(settings, "run-3 went well", NIGHT + 2 * DAY)

    assert told is not None
    assert "trouble since 2026-11-23 03:30 UTC (2 failed runs)" in told.text
    assert alerts.well(settings, "run-4 went well", NIGHT + 3 * DAY) is None
    assert [got["title"] for got in webhook.got][-1] == "Marsad: the refresh goes well again"
    assert written(settings) == ["failed", "failed", "well_again"]
    again = alerts.failed(settings, "run-5", ["three"], NIGHT + 4 * DAY)
    assert again is not None
    assert again.title == "Marsad: the refresh failed"


@pytest.mark.parametrize(
    ("reason", "advice"),
    [
        ("the warehouse is being written: process 7 on host, run x", "another run was writing"),
        ("OSError: [Errno 28] No space left on device", "Make room on the disk"),
        ("offshoring/exports/x.csv: sealed with checksum 12, now 34", "restore the file"),
        ("files changed while the run was going: run again", "Somebody edited the inputs"),
        ("dbt: 1 of 80 nodes did not end well", "Nothing is published until it passes"),
        ("something else", "Mend what is named above"),
    ],
)
def test_advice_fits_the_reason(settings: Settings, reason: str, advice: str) -> None:
    told = alerts.failed(settings, "run-1", [reason], NIGHT)

    assert told is not None
    assert advice in told.text


def test_many_and_long_reasons_are_cut(settings: Settings) -> None:
    told = alerts.failed(settings, "run-1", [f"reason {number} {'x' * 5000}" for number in range(50)], NIGHT)

    assert told is not None
    assert len(told.text) < 25_000
    assert "and 30 more" in told.text


def test_reports_are_kept_up_to_a_number(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "KEPT", 3)

    for number in range(5):
        alerts.failed(settings, f"run-{number}", ["x"], NIGHT + number * DAY)

    assert [path.name[:8] for path in alerts.reports(settings)] == ["20261125", "20261126", "20261127"]


# Receivers


def test_mail(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    got: list[Any] = []

    class Handler:
        async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
            got.append(envelope)
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Handler(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        monkeypatch.setenv(
            "MARSAD_NOTIFY", f"mailto://127.0.0.1:{port}/?from=marsad@example.org&to=night@example.org&mode=insecure"
        )
        told = alerts.failed(settings, "run-1", ["le fichier des télécoms est abîmé"], NIGHT)
    finally:
        server.stop()

    assert told is not None
    assert told.delivery == ("receiver 1 (mailto): delivered",)
    [envelope] = got
    assert envelope.rcpt_tos == ["night@example.org"]
    mail = message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Subject"] == "Marsad: the refresh failed"
    body = mail.get_body(("plain",))
    assert body is not None
    assert "le fichier des télécoms est abîmé" in body.get_content()


def test_a_receiver_that_is_down_or_refuses_is_in_the_report_and_fails_nothing(
    settings: Settings, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        down = f"json://127.0.0.1:{closed.getsockname()[1]}/"
    webhook.status = 500
    monkeypatch.setenv("MARSAD_NOTIFY", f"{down} {webhook.address}\n nosuchservice://x/{PASSWORD} {PASSWORD}")

    told = alerts.failed(settings, "run-1", ["one"], NIGHT)

    assert told is not None
    assert told.file is not None
    assert told.delivery == (
        "receiver 1 (json): not delivered: it could not be reached or did not take it",
        "receiver 2 (json): not delivered: it could not be reached or did not take it",
        "receiver 3 (nosuchservice): is no address that apprise knows",
        "receiver 4: is no address that apprise knows",
    )
    assert all(line in told.file.read_text(encoding="utf-8") for line in told.delivery)


def test_without_a_receiver_the_report_says_so(settings: Settings) -> None:
    told = alerts.failed(settings, "run-1", ["one"], NIGHT)

    assert told is not None
    assert told.file is not None
    assert "to nobody: MARSAD_NOTIFY names no receiver" in told.file.read_text(encoding="utf-8")


def test_addresses_are_never_printed_logged_or_written(
    settings: Settings,
    webhook: Webhook,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv(
        "MARSAD_NOTIFY", f"{webhook.address} nosuchservice://user:{PASSWORD}@x json://{PASSWORD}@127.0.0.1:1/ {PASSWORD}"
    )
    caplog.set_level(logging.DEBUG)

    alerts.failed(settings, "run-1", ["one"], NIGHT)
    with pytest.raises(alerts.NotDelivered) as raised:
        alerts.try_receivers()

    captured = capfd.readouterr()
    kept = "".join(path.read_text(encoding="utf-8") for path in settings.reports.iterdir())
    assert len(webhook.got) == 2
    for told in (captured.out, captured.err, caplog.text, kept, str(raised.value)):
        assert PASSWORD not in told


def test_a_test_message_says_who_took_it(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    assert alerts.try_receivers() == ["receiver 1 (json): delivered"]
    assert webhook.got[0]["title"] == "Marsad: a test"
    monkeypatch.setenv("MARSAD_NOTIFY", " ")
    with pytest.raises(alerts.NotDelivered, match="names no receiver"):
        alerts.try_receivers()


def test_what_cannot_be_written_is_sent_all_the_same(settings: Settings, webhook: Webhook) -> None:
    settings.warehouse.mkdir(parents=True)
    settings.reports.write_text("a file stands where the folder should be")

    told = alerts.failed(settings, "run-1", ["No space left on device"], NIGHT)

    assert told is not None
    assert told.file is None
    assert "could not be written" in webhook.got[0]["message"]
    assert "Make room" in webhook.got[0]["message"]


# Staleness


def test_a_publication_too_old_is_told_once_a_day(settings: Settings, webhook: Webhook) -> None:
    publish(settings, NIGHT)
    assert alerts.look(settings, None, NIGHT + alerts.TOO_LATE - HOUR) == []

    told = [
        report.title for hour in range(0, 49, 6) for report in alerts.look(settings, None, NIGHT + alerts.TOO_LATE + hour * HOUR)
    ]

    assert told == ["Marsad: the publication is stale"] * 3
    assert len(webhook.got) == 3
    assert "no refresh went well since 2026-11-23 03:30 UTC, 50 h ago; 50 h are allowed" in webhook.got[0]["message"]


def test_a_heartbeat_counts_as_fresh_and_ends_staleness(settings: Settings) -> None:
    publish(settings, NIGHT)
    later = NIGHT + 5 * DAY
    assert alerts.look(settings, later - DAY, later) == []
    assert [report.title for report in alerts.look(settings, NIGHT + DAY, later)] == ["Marsad: the publication is stale"]

    told = alerts.look(settings, later + HOUR, later + 2 * HOUR)

    assert [report.title for report in told] == ["Marsad: the refresh goes well again"]
    assert alerts.look(settings, later + HOUR, later + 3 * HOUR) == []


def test_staleness_tells_failed_runs_and_freshness_does_not_end_those(settings: Settings) -> None:
    publish(settings, NIGHT)
    alerts.failed(settings, "run-1", ["one"], NIGHT + DAY)

    [told] = alerts.look(settings, None, NIGHT + 3 * DAY)

    assert "1 failed run, the first 2026-11-24 03:30 UTC" in told.text
    assert alerts.look(settings, NIGHT + 3 * DAY, NIGHT + 3 * DAY) == []


def test_nothing_ever_published_is_told_once_it_is_watched_long_enough(settings: Settings) -> None:
    assert alerts.look(settings, None, NIGHT) == []

    [told] = alerts.look(settings, None, NIGHT + alerts.TOO_LATE)

    assert "nothing was ever published, in 50 h" in told.text


def test_a_broken_publication_is_told(settings: Settings) -> None:
    publish(settings, NIGHT)
    with settings.published.open("a") as file:
        file.write("x")
    [told] = alerts.look(settings, NIGHT, NIGHT)
    assert "bytes, and " in told.text

    shutil.rmtree(settings.current.resolve())
    [told] = alerts.look(settings, NIGHT, NIGHT + DAY)
    assert "is no publication" in told.text


def test_late_sources_are_told_when_new_and_then_once_a_week(settings: Settings) -> None:
    publish(settings, NIGHT, late_after="2026-11-22")
    fresh = [NIGHT + day * DAY for day in (0, 1, 5, 6, 7, 8, 13, 14, 15)]

    told = [(now - NIGHT).days for now in fresh for _ in alerts.look(settings, now, now)]

    assert told == [0, 7, 14]
    report = alerts.reports(settings)[0].read_text(encoding="utf-8")
    assert "Marsad: 1 source is late or not answering" in report
    assert "connectivity/anrt: late since 2026-11-22 (ask who@example.org)" in report


def test_a_source_that_becomes_late_is_told_the_next_day(settings: Settings) -> None:
    publish(settings, NIGHT, late_after="2026-11-22")
    alerts.look(settings, NIGHT, NIGHT)
    publish(settings, NIGHT + HOUR, late_after="2026-11-22", name="000013-abcdefabcdef")
    with duckdb.connect(settings.published.resolve()) as connection:
        connection.execute("insert into quality.source_health values ('offshoring/exports', date '2026-11-22', 'oc@example.org')")
    manifest = settings.current / "manifest.json"
    said = json.loads(manifest.read_text()) | {"bytes": settings.published.stat().st_size, "sha256": checksum(settings.published)}
    manifest.write_text(json.dumps(said))

    assert alerts.look(settings, NIGHT, NIGHT + 2 * HOUR) == []
    [told] = alerts.look(settings, NIGHT, NIGHT + DAY)

    assert "Newly late             offshoring/exports" in told.text
    assert "connectivity/anrt: late since 2026-11-22" in told.text


def test_where_nothing_can_be_kept_staleness_does_not_repeat_every_hour(settings: Settings, webhook: Webhook) -> None:
    publish(settings, NIGHT, late_after="2026-11-22")
    settings.reports.write_text("a file stands where the folder should be")

    assert alerts.look(settings, None, NIGHT + 5 * DAY) == []
    assert webhook.got == []


def test_a_damaged_memory_counts_as_none(settings: Settings) -> None:
    alerts.failed(settings, "run-1", ["one"], NIGHT)
    (settings.reports / "open.json").write_text('{"failures": ')

    told = alerts.failed(settings, "run-2", ["two"], NIGHT + DAY)

    assert told is not None
    assert told.title == "Marsad: the refresh failed"
