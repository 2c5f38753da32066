"""Asking a publisher: what is new is filed once, to the byte; what goes wrong is told, tried again if it may pass, and kept out."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.datasets import DATASET_FILE, DataSet, DataSetInvalid, data_sets, read_sidecar, release_paths, sidecar_path
from pipelines.fetching import attempts
from pipelines.fetching.attempts import Attempt
from pipelines.fetching.client import Limits
from pipelines.fetching.run import fetch, sources
from tests.house import OBSERVATION, House, figures
from tests.publishers import Asked, Fault, Publisher, Reply

NAME = "company_creation/ompic_barometer"
QUICK = Limits(connect=2.0, read=0.5, deadline=20.0, attempts=3, first_wait=0.01, longest_wait=1.5, between=0.0, bytes=1_000_000)


class Shelf:
    """One file of figures that a test changes, served with an ETag."""

    def __init__(self) -> None:
        self.value = "3388"
        self.comment = ""
        self.etag: str | None = None

    def __call__(self, asked: Asked) -> Reply:
        rows = [OBSERVATION | {"obs_value": self.value, "comment": self.comment}]
        return Reply(figures("observation", rows), content_type="text/csv", etag=self.etag)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def publisher(shelf: Shelf) -> Any:
    with Publisher(shelf) as serving:
        yield serving


def live(house: House, base: str, name: str = NAME, **more: Any) -> DataSet:
    """The data set ``name`` without its releases, fetched from ``base``."""
    data_set = house.bring(name, releases=False)
    said = yaml.safe_load((data_set.folder / DATASET_FILE).read_text(encoding="utf-8"))
    said["fetch"] = {"from": "file", "options": {"url": f"{base}/figures.csv", "suffix": ".csv"}} | more
    (data_set.folder / DATASET_FILE).write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return house.data_set(name)


def ask(house: House, **more: Any) -> Attempt:
    (attempt,) = fetch(
        house.settings, data_sets(house.settings.raw, house.settings.elsewhere), limits=more.pop("limits", QUICK), **more
    )
    return attempt


def test_what_is_new_is_filed_to_the_byte_and_loads(house: House, publisher: Publisher, shelf: Shelf) -> None:
    data_set = live(house, publisher.base)
    attempt = ask(house)
    assert attempt.outcome == attempts.NEW, attempt
    (path,) = release_paths(data_set)
    assert attempt.release == path.name
    assert path.read_bytes() == shelf(Asked("", {}, {})).body
    said = read_sidecar(path)
    assert said["fetched"][0]["url"] == f"{publisher.base}/figures.csv"
    assert said["fetched"][0]["status"] == 200
    assert publisher.asked[0].headers["User-Agent"].startswith("marsad/")
    loaded = house.load(house.data_set(NAME))[NAME]
    assert (loaded.rows_added, loaded.refused) == (1, {})
    assert house.rows("select distinct retrieved_on = recorded_at::date from raw.observations") == [(True,)]


def test_nothing_new_writes_nothing(house: House, publisher: Publisher, shelf: Shelf) -> None:
    live(house, publisher.base)
    ask(house)

    def raw() -> dict[Path, tuple[int, bytes]]:
        files = (path for path in house.settings.raw.rglob("*") if path.is_file())
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = raw()
    assert ask(house).outcome == attempts.UNCHANGED
    shelf.etag = '"one"'
    assert ask(house).outcome == attempts.UNCHANGED
    publisher.fault = Fault("status", status=404)
    assert ask(house).outcome == attempts.REFUSED
    assert raw() == before


def test_a_publisher_that_says_not_modified_sends_nothing(house: House, publisher: Publisher, shelf: Shelf) -> None:
    shelf.etag = '"one"'
    live(house, publisher.base)
    assert ask(house).outcome == attempts.NEW
    assert ask(house).outcome == attempts.NOT_MODIFIED
    assert publisher.asked[-1].headers["If-None-Match"] == '"one"'
    shelf.value, shelf.etag = "3389", '"two"'
    assert ask(house).outcome == attempts.NEW


def test_a_changed_value_is_a_release_of_its_own_and_no_kept_one_changes(
    house: House, publisher: Publisher, shelf: Shelf
) -> None:
    data_set = live(house, publisher.base)
    first = ask(house).release
    kept = (data_set.folder / str(first)).read_bytes()
    shelf.value = "3390"
    second = ask(house).release
    assert second is not None
    assert second != first
    assert (data_set.folder / str(first)).read_bytes() == kept
    assert house.load(house.data_set(NAME))[NAME].rows_added == 2


def test_releases_go_to_the_second_root_when_one_is_named(
    house: House, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MARSAD_RAW", str(tmp_path / "elsewhere"))
    live(house, publisher.base)
    settings = type(house.settings).from_environment()
    house = House(settings)
    release = ask(house).release
    assert (tmp_path / "elsewhere" / NAME / str(release)).is_file()
    (data_set,) = data_sets(settings.raw, settings.elsewhere)
    assert [path.name for path in release_paths(data_set)] == [release]
    assert house.load(data_set)[NAME].rows_added == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", 2, status=500),
        Fault("status", 2, status=503, headers={"Retry-After": "0"}),
        Fault("status", 1, status=429, headers={"Retry-After": "1"}),
        Fault("cut", 2),
        Fault("wrong_length", 2),
        Fault("html", 2),
        Fault("slow", 1, seconds=0.8),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_what_passes_is_waited_for(house: House, publisher: Publisher, fault: Fault) -> None:
    live(house, publisher.base)
    publisher.fault = fault
    patience = fault.headers.get("Retry-After", "0")
    started = time.monotonic()
    attempt = ask(house)
    assert attempt.outcome == attempts.NEW, attempt
    assert time.monotonic() - started >= float(patience)
    assert attempt.requests > 1


@pytest.mark.parametrize(
    ("fault", "outcome", "requests", "says"),
    [
        (Fault("status", status=500), attempts.UNANSWERED, 3, "answered 500"),
        (Fault("status", status=429, headers={"Retry-After": "3600"}), attempts.UNANSWERED, 1, "answered 429"),
        (Fault("status", status=404), attempts.REFUSED, 1, "answered 404"),
        (Fault("status", status=403), attempts.REFUSED, 1, "answered 403"),
        (Fault("cut"), attempts.UNANSWERED, 3, "peer closed connection"),
        (Fault("html"), attempts.UNANSWERED, 3, "a page of HTML"),
        (Fault("bomb", seconds=30), attempts.REFUSED, 1, "more than the 1000000 bytes"),
        (Fault("redirect", location="http://localhost:9/secret"), attempts.REFUSED, 1, "another host, localhost"),
        (Fault("redirect", location="http://127.0.0.1:9/secret"), attempts.REFUSED, 1, "an address inside"),
        (Fault("redirect", location="http://169.254.169.254/latest"), attempts.REFUSED, 1, "another host"),
        (Fault("redirect", location="file:///etc/passwd"), attempts.REFUSED, 1, "not as safe"),
        (Fault("redirect", location="/round"), attempts.REFUSED, 1, "more than 5 redirects"),
    ],
    ids=lambda value: f"{value.kind}-{value.status}" if isinstance(value, Fault) else "",
)
def test_what_does_not_pass_is_told_and_leaves_everything(
    house: House, publisher: Publisher, fault: Fault, outcome: str, requests: int, says: str
) -> None:
    data_set = live(house, publisher.base)
    publisher.fault = fault
    attempt = ask(house)
    assert (attempt.outcome, attempt.requests) == (outcome, requests), attempt
    assert says in str(attempt.message)
    assert [path.name for path in data_set.folder.iterdir()] == [DATASET_FILE]
    assert attempts.health(house.settings)[NAME].failing == 1


def test_a_host_named_in_dataset_yml_may_be_redirected_to(house: House, publisher: Publisher, shelf: Shelf) -> None:
    with Publisher(shelf) as other:
        live(house, publisher.base, hosts=["127.0.0.1"])
        publisher.fault = Fault("redirect", location=f"{other.base}/figures.csv")
        assert ask(house).outcome == attempts.NEW


def test_what_no_longer_fits_is_put_aside_and_the_last_release_serves(house: House, publisher: Publisher, shelf: Shelf) -> None:
    data_set = live(house, publisher.base)
    release = ask(house).release
    shelf.value = "many"
    attempt = ask(house)
    assert attempt.outcome == attempts.DRIFTED
    assert "row 1, column obs_value" in str(attempt.message)
    assert f"the last release that fits is {release}" in str(attempt.message)
    aside = Path(str(attempt.message).rpartition("kept in ")[2])
    assert b"many" in aside.read_bytes()
    assert [path.name for path in release_paths(data_set)] == [release]


def test_a_proxy_of_the_environment_is_asked_in_place_of_the_publisher(
    house: House, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, publisher.base)
    live(house, "http://statistics.example")
    assert ask(house).outcome == attempts.NEW
    assert publisher.asked[0].headers["Host"] == "statistics.example"


def test_an_interrupted_night_is_swept(house: House, publisher: Publisher) -> None:
    data_set = live(house, publisher.base)
    release = str(ask(house).release)
    # Killed between the rename and the sidecar, and in the middle of writing.
    sidecar_path(data_set.folder / release).unlink()
    (data_set.folder / ".fetching.csv").write_bytes(b"half")
    assert ask(house).release == release
    assert {path.name for path in data_set.folder.iterdir()} == {release, f"{release}.yml", DATASET_FILE}


def test_offline_asks_nobody(house: House, publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    live(house, publisher.base)
    monkeypatch.setenv("MARSAD_OFFLINE", "1")
    assert ask(house).outcome == attempts.SKIPPED
    assert publisher.asked == []
    assert attempts.health(house.settings) == {}


def test_out_of_service_and_disabled_sources_are_not_asked(house: House, publisher: Publisher) -> None:
    data_set = live(house, publisher.base, enabled=False)
    everything = data_sets(house.settings.raw)
    assert fetch(house.settings, everything, limits=QUICK) == []
    assert fetch(house.settings, everything, names=[NAME], limits=QUICK)[0].outcome == attempts.NEW
    path = data_set.folder / DATASET_FILE
    path.write_text(path.read_text(encoding="utf-8") + "out_of_service: since 2026-10, the site was closed\n", encoding="utf-8")
    (attempt,) = fetch(house.settings, data_sets(house.settings.raw), names=[NAME], limits=QUICK)
    assert (attempt.outcome, attempt.message) == (attempts.SKIPPED, "out of service: since 2026-10, the site was closed")


def test_a_secret_comes_from_the_environment_and_is_never_said(
    house: House, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(house, publisher.base, secret={"header": "X-Key", "environment": "THE_KEY"})
    attempt = ask(house)
    assert (attempt.outcome, attempt.message) == (attempts.REFUSED, "the environment variable THE_KEY is not set")
    monkeypatch.setenv("THE_KEY", "s3cr3t-of-the-house")
    assert ask(house).outcome == attempts.NEW
    assert publisher.asked[-1].headers["X-Key"] == "s3cr3t-of-the-house"
    assert not [path for path in house.settings.data.rglob("*") if path.is_file() and b"s3cr3t" in path.read_bytes()]


@pytest.mark.parametrize("value", ["two\nlines-of-the-key", "clé-of-the-house"])
def test_a_secret_that_no_header_may_hold_is_not_printed_to_say_so(
    house: House, publisher: Publisher, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    live(house, publisher.base, secret={"header": "X-Key", "environment": "THE_KEY"})
    monkeypatch.setenv("THE_KEY", value)
    attempt = ask(house)
    assert attempt.outcome == attempts.REFUSED
    assert "the environment variable THE_KEY has a line break" in str(attempt.message)
    assert "of-the" not in str(attempt.message)
    assert publisher.asked == []


def test_a_secret_that_a_publisher_sends_back_is_not_repeated(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def echo(asked: Asked) -> Reply:
        return Reply(f"no such key: {asked.headers['Authorization'].split()[-1]}".encode(), 403)

    monkeypatch.setenv("THE_KEY", "Bearer s3cr3t-of-the-house")
    with Publisher(echo) as publisher:
        live(house, publisher.base, secret={"header": "Authorization", "environment": "THE_KEY"})
        attempt = ask(house)
    assert "no such key: ***" in str(attempt.message)


def test_a_secret_goes_to_the_declared_server_alone(
    house: House, publisher: Publisher, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_KEY", "s3cr3t-of-the-house")
    with Publisher(shelf) as other:
        live(house, publisher.base, hosts=["127.0.0.1"], secret={"header": "X-Key", "environment": "THE_KEY"})
        publisher.fault = Fault("redirect", 1, location=f"{other.base}/figures.csv")
        assert ask(house).outcome == attempts.NEW
        assert "X-Key" in publisher.asked[0].headers
        assert "X-Key" not in other.asked[0].headers


def test_ten_slow_sources_cost_little_more_than_one(house: House, publisher: Publisher) -> None:
    names = [f"company_creation/source_{number}" for number in range(10)]
    live(house, publisher.base)
    template = house.settings.raw / NAME / DATASET_FILE
    for name in names:
        (house.settings.raw / name).mkdir()
        (house.settings.raw / name / DATASET_FILE).write_bytes(template.read_bytes())
    publisher.fault = Fault("slow", seconds=0.5)
    roomy = Limits(read=5.0, between=0.0, per_host=10)
    started = time.monotonic()
    found = fetch(house.settings, data_sets(house.settings.raw), names=names, limits=roomy)
    assert {attempt.outcome for attempt in found} == {attempts.NEW}
    assert time.monotonic() - started < 0.5 * 5


def test_fetch_options_that_cannot_be_used_name_file_and_key(house: House) -> None:
    live(house, "http://127.0.0.1:9", colour="blue")
    with pytest.raises(DataSetInvalid, match=r"dataset\.yml: fetch has unknown keys \['colour'\]"):
        sources(data_sets(house.settings.raw))


def test_the_log_forgives_a_torn_line(house: House, publisher: Publisher) -> None:
    live(house, publisher.base)
    ask(house)
    log = house.settings.warehouse / "fetches.jsonl"
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"dataset": NAME})[:-3])
    found = attempts.health(house.settings)[NAME]
    assert found.failing == 0
    assert found.last_change == found.last_attempt


def test_a_certificate_nobody_vouches_for_is_refused_at_once(house: House, shelf: Shelf, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-subj",
        "/CN=127.0.0.1",
    ]
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate of this test, and is not on this machine")
    subprocess.run(
        [*command, "-keyout", key, "-out", certificate, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with Publisher(shelf, tls) as publisher:
        live(house, publisher.base)
        attempt = ask(house)
        assert (attempt.outcome, attempt.requests) == (attempts.REFUSED, 1), attempt
        assert "its certificate is not to be trusted" in str(attempt.message)
        # Vouched for by the environment, as behind a firm's proxy, it is trusted.
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("SSL_CERT_FILE", str(certificate))
            assert ask(house).outcome == attempts.NEW
