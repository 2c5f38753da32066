"""Units, container file and their notes: what they start exists, and systemd itself finds nothing wrong with them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from pipelines.cli import app
from pipelines.night import CRON, TIMEZONE

CHECKOUT = Path(__file__).parents[1]
DEPLOY = CHECKOUT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
SERVICES = [path for path in UNITS if path.suffix == ".service"]
NOTES = (DEPLOY / "README.md", CHECKOUT / "docs" / "night.md")

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")


def known(words: list[str]) -> bool:
    """Whether ``marsad`` has this command with these options; raises what it would say otherwise."""
    command = typer.main.get_command(app)
    name, *arguments = words
    with command.make_context("marsad", [], resilient_parsing=True) as context:
        found = command.get_command(context, name)  # type: ignore[attr-defined]
        assert found is not None, name
        found.make_context(name, arguments, parent=context)
    return True


def instructions(text: str) -> list[tuple[str, str]]:
    """Instruction and its argument, continuation lines joined."""
    joined = re.sub(r"\\\n", " ", text)
    return [
        (line.split(None, 1)[0], line.split(None, 1)[1])
        for line in joined.splitlines()
        if line.strip() and not line.startswith("#")
    ]


CONTAINER = instructions((DEPLOY / "Containerfile").read_text(encoding="utf-8"))


@needs_systemd
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_finds_nothing_wrong(unit: Path, tmp_path: Path) -> None:
    """With the checkout's place moved to where a command of that name stands."""
    command = tmp_path / "marsad" / ".venv" / "bin" / "marsad"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    for each in UNITS:
        (tmp_path / each.name).write_text(each.read_text(encoding="utf-8").replace("/opt/marsad", str(tmp_path / "marsad")))

    said = subprocess.run(["systemd-analyze", "verify", tmp_path / unit.name], capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout + said.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_services_are_hardened(unit: Path, tmp_path: Path) -> None:
    """Exposure as systemd counts it, in tenths: 10 is none of it done, "ok" begins below 5."""
    shutil.copy(unit, tmp_path)
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=40", "--no-pager", tmp_path / unit.name],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert said.returncode == 0, said.stdout + said.stderr


@needs_systemd
def test_the_timer_says_the_schedules_time() -> None:
    [calendar] = re.findall(r"^OnCalendar=(.*)$", (DEPLOY / "marsad-refresh.timer").read_text(), flags=re.MULTILINE)
    minute, hour, *_ = CRON.split()

    assert calendar == f"*-*-* {int(hour):02d}:{int(minute):02d}:00 {TIMEZONE}"
    subprocess.run(["systemd-analyze", "calendar", calendar], capture_output=True, check=True)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_a_service_runs_a_command_of_ours_not_as_root(unit: Path) -> None:
    text = unit.read_text(encoding="utf-8")
    [command] = re.findall(r"^ExecStart=/opt/marsad/\.venv/bin/marsad (.*)$", text, flags=re.MULTILINE)

    assert known(shlex.split(command))
    assert re.search(r"^User=marsad$", text, flags=re.MULTILINE)
    assert "MARSAD_NOTIFY=" not in re.sub(r"^#.*$", "", text, flags=re.MULTILINE)


def test_the_service_waits_longer_than_the_command_does() -> None:
    from pipelines import serving

    [seconds] = re.findall(r"^TimeoutStopSec=(\d+)$", (DEPLOY / "marsad.service").read_text(), flags=re.MULTILINE)
    [stop] = re.findall(r"--stop-timeout (\d+)", (DEPLOY / "README.md").read_text())

    assert int(seconds) > serving._SECONDS_TO_END
    assert int(stop) > serving._SECONDS_TO_END


def test_what_the_container_copies_is_there_and_not_ignored() -> None:
    copied = [word for name, rest in CONTAINER if name == "COPY" for word in rest.split()[1:-1]]
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().split()

    assert copied
    for path in copied:
        assert (CHECKOUT / path).exists(), path
        assert f"!{path}" in ignored
    # All that a refresh reads is copied.
    assert set(copied) >= {"pipelines", "dbt_project", "data/raw", "data/seeds", "requirements.lock", "pyproject.toml"}


def test_the_container_is_not_root_and_starts_a_command_of_ours() -> None:
    names = [name for name, _ in CONTAINER]
    said = dict(CONTAINER)
    program, *arguments = json.loads(said["CMD"])

    assert set(names) <= {"FROM", "RUN", "USER", "WORKDIR", "COPY", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert "/" not in said["FROM"]
    assert names.count("USER") == 1
    assert said["USER"] not in ("root", "0")
    assert program == "marsad"
    assert known(arguments)
    assert re.search(r"CMD marsad health \|\| \[ \$\? -eq 5 \]$", said["HEALTHCHECK"])
    assert f"/{said['ENV'].split()[0].partition('=/')[2]}" in json.loads(said["VOLUME"])


def test_the_container_installs_as_make_does() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    run = " ".join(rest for name, rest in CONTAINER if name == "RUN")

    for options in ("--no-deps --require-hashes --requirement requirements.lock", "--no-deps --no-build-isolation --editable ."):
        assert options in makefile
        assert options in run


@pytest.mark.parametrize("notes", NOTES, ids=lambda path: path.name)
def test_every_command_of_the_notes_exists(notes: Path) -> None:
    text = notes.read_text(encoding="utf-8")
    commands = re.findall(r"`(?:podman exec marsad )?marsad ([a-z][^`]*)`", text)
    commands += re.findall(r"^\.venv/bin/marsad ([^#\n]*)", text, flags=re.MULTILINE)

    assert commands
    for command in commands:
        words = shlex.split(re.sub(r"\bSECONDS\b", "60", command))
        if words[0] != "add":
            assert known(words), command


@pytest.mark.parametrize("notes", NOTES, ids=lambda path: path.name)
def test_every_file_the_notes_name_exists(notes: Path) -> None:
    text = notes.read_text(encoding="utf-8")

    for link in re.findall(r"\]\((?!http)([^)#]+)\)", text):
        assert (notes.parent / link).exists(), link
    for unit in re.findall(r"`(marsad[a-z-]*\.(?:service|timer))`", text):
        assert (DEPLOY / unit).exists(), unit
    for target in re.findall(r"^make ([a-z]+)", text, flags=re.MULTILINE):
        assert re.search(rf"^{target}:", (CHECKOUT / "Makefile").read_text(), flags=re.MULTILINE), target
