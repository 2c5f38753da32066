"""A small house through its life: it grows, is killed, rests, is rolled back, is built anew, and is blocked when it should be."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import stat
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets import sidecar_path
from pipelines.quiet import instance_of
from tests.integration.life import ADDED, BAD, BROKEN, CORRECTION, EXPORTS, LESS, MENDED, SLIP, Life
from tests.integration.running import BAROMETER, SMALL, Waiting, ask, at, content, copied, marsad, one

JULY_2025 = """
select value from staging.stg_observations
where definition = 'company_creations@ompic' and ref_area = '06' and period = '2025-01/2025-07' and breakdown = '_T'
"""


def manifest_of(life: Life, step: str) -> dict[str, Any]:
    """The manifest of the publication that readers had after ``step``."""
    path = life.house.settings.publications / life.steps[step].current / "manifest.json"
    said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return said


def readers_saw_nothing(life: Life, step: str, before: str) -> None:
    assert life.steps[step].current == life.steps[before].current
    assert life.steps[step].published == life.steps[before].published


# The first publication


def test_the_first_refresh_loads_and_publishes_everything(life: Life) -> None:
    said = life.steps["first"].said.json

    assert said["publication"] == life.steps["first"].current
    assert said["publication"].startswith("000001-")
    assert said["rested"] is None
    assert set(said["rows_added"]) == set(SMALL)
    assert said["releases_refused"] == 0
    assert said["checks_passed"] > 30
    for name in set(SMALL) - {BAROMETER}:
        files = [path for path in (life.house.settings.raw / name).glob("*__*.csv") if path.name not in (BAD, MENDED)]
        assert said["rows_added"][name] == sum(
            len(list(csv.DictReader(path.open(encoding="utf-8", newline="")))) for path in files
        )


def test_nobody_can_write_to_what_is_published(life: Life) -> None:
    settings = life.house.settings
    for folder in (settings.publications / life.steps["first"].current, settings.current.resolve()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o555
        assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "marsad.duckdb"]
        assert stat.S_IMODE((folder / "marsad.duckdb").stat().st_mode) == 0o444
    assert os.readlink(settings.current) == f"publications/{settings.current.resolve().name}"


def test_the_manifest_tells_what_was_used_and_what_came_out(life: Life) -> None:
    settings, manifest = life.house.settings, manifest_of(life, "full")

    assert manifest["publication"] == settings.current.resolve().name
    assert manifest["publication"].endswith(f"-{manifest['fingerprint'][:12]}")
    assert one(settings, "select fingerprint from reference.publication") == manifest["fingerprint"]
    assert manifest["seconds_until_published"] > 0
    for path, sha in life.inputs.items():
        if settings.raw not in Path(path).parents:
            continue
        assert manifest["inputs"][f"raw/{Path(path).relative_to(settings.raw).as_posix()}"] == sha
    counted = " union all ".join(f"select '{table}', count(*) from {table}" for table in manifest["rows"])
    assert dict(ask(settings, counted)) == manifest["rows"]


def test_the_pipelines_own_notes_are_not_published(life: Life) -> None:
    schemas = {name for (name,) in ask(life.house.settings, "select distinct schema_name from duckdb_tables()")}

    assert schemas == {"raw", "intermediate", "marts", "quality", "reference"}


# Nothing new


def test_with_nothing_new_it_rests_without_dbt(life: Life) -> None:
    first, rest = life.steps["first"], life.steps["rest"]

    assert rest.said.code == 0, rest.said.err
    assert rest.said.err.strip().splitlines()[-1] == "['dagster']"
    assert rest.said.json["rested"] == f"nothing is new since publication {first.current}"
    assert rest.said.json["publication"] == first.current
    assert rest.said.json["rows_added"] == {}
    assert (rest.current, rest.published, rest.draft_at) == (first.current, first.published, first.draft_at)


def test_a_mended_fault_leaves_nothing_to_do(life: Life) -> None:
    """Blocked, mended, and as before: the draft of the blocked runs is not published."""
    assert life.steps["mended"].said.code == 0
    assert life.steps["mended"].said.json["rested"] == f"nothing is new since publication {life.steps['first'].current}"


# More releases, one of them bad


def test_adding_a_release_files_and_seals_it(life: Life) -> None:
    added, release = life.steps["add"].said, life.house.settings.raw / BAROMETER / ADDED

    assert added.code == 0, added.err
    with release.open(encoding="utf-8", newline="") as file:
        statements = len(list(csv.DictReader(file)))
    said = {"dataset": BAROMETER, "filed": True, "release": ADDED, "statements": statements, "sha256": life.inputs[str(release)]}
    assert {key: value for key, value in added.json.items() if key != "changes"} == said
    assert added.json["changes"]["compared_with"] == life.steps["mended"].current
    assert added.json["changes"]["statements"] == statements
    assert f"sha256: {said['sha256']}" in sidecar_path(release).read_text(encoding="utf-8")
    readers_saw_nothing(life, "add", before="first")


def test_one_data_set_alone_ends_in_the_draft(life: Life) -> None:
    step = life.steps["draft only"]

    assert step.said.code == 0, step.said.err
    assert "from 1 data sets" in step.said.out
    assert "the draft only, nothing published" in step.said.out
    assert step.current == life.steps["first"].current
    assert step.draft_at > life.steps["killed"].draft_at


def test_a_refused_release_does_not_stop_the_others(life: Life) -> None:
    grown = life.steps["grown"].said

    assert grown.code == 4, grown.err
    assert grown.json["publication"] == life.steps["grown"].current
    assert grown.json["releases_refused"] == 1
    assert [each for each in grown.json["checks_warned"] if "age" not in each] == ["strategy/strategy_targets: releases"]
    # What --dataset loaded into the draft was kept there.
    assert set(grown.json["rows_added"]) == {EXPORTS}
    assert manifest_of(life, "grown")["draft"]["origin"] == "kept"
    assert one(life.house.settings, JULY_2025) == 20431


def test_a_refusal_is_visible_to_readers(life: Life) -> None:
    settings = life.house.settings
    [refused] = ask(settings, "select dataset, release, row_number, column_name, value, message from quality.refused_rows")

    assert refused[:5] == ("strategy/strategy_targets", BAD, 1, "indicator", "digital_jobs_totl")
    assert "digital_jobs_total" in refused[5]  # the nearest known code
    [health] = ask(
        settings,
        "select dataset, releases, refused_releases, refused_problems, statements from quality.source_health "
        "where refused_releases > 0",
    )
    assert health[:4] == ("strategy/strategy_targets", 2, 1, 1)
    assert health[4] == one(settings, "select count(*) from marts.strategy_targets") > 0
    assert "(1 refused)" in marsad(settings.data, "status").out


def test_a_refresh_changes_neither_releases_nor_seeds(life: Life) -> None:
    assert life.inputs_at_the_end == life.inputs


def test_earlier_publications_stay_as_they_were(life: Life) -> None:
    """Byte for byte, for whoever has them open."""
    for earlier, later in (("first", "grown"), ("grown", "full")):
        then, now = life.steps[earlier].published, life.steps[later].published
        assert then.items() <= now.items()
        assert life.steps[later].current > life.steps[earlier].current


# Rolled back and built anew


def test_a_rollback_is_respected_by_the_next_refresh(life: Life) -> None:
    first, rollback, rest = (life.steps[step] for step in ("first", "rollback", "rest after rollback"))

    assert rollback.said.code == 0, rollback.said.err
    assert f"readers get {first.current} again" in rollback.said.out
    assert rollback.current == rest.current == first.current
    assert rest.said.code == 0, rest.said.err
    assert "rolled back" in rest.said.json["rested"]
    assert "--full" in rest.said.json["rested"]


def test_a_full_rebuild_is_the_same_warehouse_row_for_row(life: Life, tmp_path: Path) -> None:
    """Half of the releases and then the rest, or all at once in another order: the same rows in every table and view."""
    assert life.steps["full"].said.code == 4, life.steps["full"].said.err
    assert manifest_of(life, "full")["draft"]["origin"] == "raw"
    publications = life.house.settings.publications

    one_by_one = content(publications / life.steps["grown"].current / "marsad.duckdb", tmp_path / "grown")
    at_once = content(publications / life.steps["full"].current / "marsad.duckdb", tmp_path / "full")

    assert one_by_one.keys() == at_once.keys() >= {"reference.publication", "marts.strategy_progress", "staging.stg_observations"}
    assert [name for name in one_by_one if one_by_one[name] != at_once[name]] == []
    assert one_by_one["marts.regional_company_creation"].count(b"\n") > 100


def test_old_runs_leave_dagsters_history_after_a_good_refresh(life: Life) -> None:
    """All runs but the last were made to look old before it; it made every asset anew. One was killed, and nobody found it dead yet.

    What was published in those that are gone is still there.
    """
    settings = life.house.settings
    with at(settings.data), instance_of(settings) as instance:
        runs = instance.get_runs()

    assert life.runs > 5
    assert sorted(run.status.value for run in runs) == ["STARTED", "SUCCESS"]
    manifests = {path.parent.name for path in settings.publications.glob("*/manifest.json")}
    assert {life.steps[step].current for step in ("first", "grown", "full")} <= manifests


def test_a_publication_is_named_by_its_content(life: Life) -> None:
    grown, full = life.steps["grown"].current, life.steps["full"].current

    assert full[:6] > grown[:6]
    assert full[6:] == grown[6:] != life.steps["first"].current[6:]


# Blocked


@pytest.mark.parametrize("step", ["broken seal", "broken correction", "broken contract"])
def test_what_blocks_shows_readers_nothing(life: Life, step: str) -> None:
    said = life.steps[step].said

    assert said.code == 6, said
    assert f"nothing was published; readers keep {life.steps['first'].current}" in said.error
    assert said.out == ""
    readers_saw_nothing(life, step, before="first")


def test_an_accepted_release_with_other_bytes_is_named_with_both_checksums(life: Life) -> None:
    error = life.steps["broken seal"].said.error

    assert str(life.house.settings.raw / BROKEN) in error
    assert all(seal in error for seal in life.seals)
    assert life.seals[0] != life.seals[1]


def test_a_correction_that_no_longer_fits_is_named_with_what_it_found(life: Life) -> None:
    error = life.steps["broken correction"].said.error

    assert "check corrections_fit failed" in error
    assert f"{CORRECTION}: mn2013.digital_gdp_additional.2013.financesnews (strategy/strategy_targets/" in error
    assert "is printed 2.7, expected 2.8" in error


def test_a_mart_that_breaks_its_contract_is_named_with_the_rule(life: Life) -> None:
    """pandera's check, made from the model's YAML: an indicator of a domain that there is not."""
    error = life.steps["broken contract"].said.error

    assert "marts/strategy_targets: check contract failed" in error
    assert "domain is one of" in error


# Less than last time, and what changed


def test_less_than_last_time_is_not_published(life: Life) -> None:
    said = life.steps["shrunk"].said

    assert said.code == 6, said
    readers_saw_nothing(life, "shrunk", before="first")
    assert f"the warehouse would have less than {life.steps['first'].current}:" in said.error
    assert "  offshoring/exports: 2 of 27 rows\n" in said.error
    assert re.search(r"^  marts\.national_indicators: 1 of \d+ periods: 2016-01/2016-06$", said.error, re.M)
    accepting = " ".join(f"--accept-shrinkage {name}" for name in LESS)
    assert f"publish it with `marsad refresh {accepting}`" in said.error
    assert said.error.count("2016-01-01/2016-06-30") == 1  # said once


def test_what_a_person_accepted_is_published_and_remembered(life: Life) -> None:
    for step in ("grown", "full"):
        shrinkage = manifest_of(life, step)["shrinkage"]
        assert {each["name"] for each in shrinkage["accepted"]} == set(LESS)
        assert shrinkage["allowed"] == []
        assert {"name": EXPORTS, "measure": "rows", "before": 27, "lost": 2, "codes": []} in shrinkage["accepted"]


def test_the_manifest_says_what_changed(life: Life) -> None:
    changes = manifest_of(life, "grown")["changes"]
    settings, first = life.house.settings, life.steps["first"].current

    assert changes["since"] == first
    assert manifest_of(life, "first")["changes"] == {"since": None}
    listed = {what: [each["release"] for each in said["listed"]] for what, said in changes["releases"].items()}
    assert listed["replaced"] == [SLIP]
    assert listed["refused"] == [BAD]
    assert {ADDED, MENDED} < set(listed["added"])
    assert len(listed["added"]) == changes["releases"]["added"]["count"]
    by_name = {each["dataset"]: each for each in changes["statements"]}
    assert by_name.keys() == {BAROMETER, EXPORTS}
    count = one(settings, "select count(*) from raw.observations where dataset = ?", [BAROMETER])
    grew = by_name[BAROMETER]
    assert (grew["after"], grew["added"], grew["removed"]) == (count, count - grew["before"], 0)
    tables = {each["table"]: each for each in changes["tables"]}
    assert tables["quality.refused_rows"]["added"] == 1
    assert tables["marts.regional_company_creation"]["added"] > 0
    assert "reference.units" not in tables
    assert [each["check"] for each in changes["checks"]["warned"]["listed"]] == ["strategy/strategy_targets:releases"]


def test_the_same_content_has_the_same_changes_and_none_between(life: Life) -> None:
    """Incrementally or in full, from the same publication: the same was changed, and nothing is left to say of the two."""
    data, grown, full = life.house.settings.data, life.steps["grown"].current, life.steps["full"].current

    assert manifest_of(life, "full")["changes"] == manifest_of(life, "grown")["changes"]
    assert marsad(data, "diff", grown, full, "--json").json == {"publication": full, "since": grown}
    assert "nothing changed" in marsad(data, "diff", grown, full).out


def test_two_publications_are_compared_as_they_were_when_published(life: Life) -> None:
    data, first, full = life.house.settings.data, life.steps["first"].current, life.steps["full"].current
    stored = marsad(data, "diff", "--json").json

    assert stored == {"publication": full, **manifest_of(life, "full")["changes"]}
    assert marsad(data, "diff", first, full, "--json").json == stored
    told = marsad(data, "diff").out
    assert f"releases added ({stored['releases']['added']['count']})" in told
    assert "reason=two figures were never printed" in told
    back = marsad(data, "diff", full, first, "--json").json
    assert [each["release"] for each in back["releases"]["no longer replaced"]["listed"]] == [SLIP]
    assert back["releases"]["removed"]["count"] == sum(stored["releases"][what]["count"] for what in ("added", "refused"))


def test_a_publication_that_is_not_kept_has_no_diff(life: Life) -> None:
    said = marsad(life.house.settings.data, "diff", "000099-aaaaaaaaaaaa")

    assert said.code == 5
    assert life.steps["first"].current in said.error


def test_what_may_shrink_must_exist(life: Life) -> None:
    said = marsad(life.house.settings.data, "refresh", "--accept-shrinkage", "offshoring/export")

    assert said.code == 5
    assert "nearest: offshoring/exports" in said.error


# Two at once, and killed


@pytest.mark.parametrize("command", ["refresh", "one data set", "rollback", "add"])
def test_a_second_writer_is_told_who_holds_the_lock_and_leaves(life: Life, command: str) -> None:
    said = life.others[command]

    assert said.code == 3, said
    assert f"process {life.pid} " in said.error
    assert "since 20" in said.error
    # What a file would change is shown before it is filed; nothing else is said.
    assert (said.out == "") == (command != "add")
    assert "filed" not in said.out


def test_readers_are_not_kept_waiting_by_a_refresh(life: Life) -> None:
    status, query = life.others["status"], life.others["query"]

    assert status.code == query.code == 0
    assert status.json["publication"] == life.steps["first"].current
    assert query.json[0]["n"] > 0


def test_a_killed_refresh_leaves_the_old_publication_whole(life: Life) -> None:
    killed, first = life.steps["killed"], life.steps["first"]

    assert killed.said.code == -signal.SIGKILL
    assert (killed.current, killed.published) == (first.current, first.published)
    # It had begun: its draft is not the one it found.
    assert killed.draft_at > life.steps["add"].draft_at


def test_the_next_refresh_goes_on_without_a_person(life: Life) -> None:
    """From the published file: only the releases that came since are read again."""
    new = [path for path in life.inputs if path.endswith(".csv") and f"/{BAROMETER}/" in path]

    assert life.steps["draft only"].said.code == 0
    loaded = life.steps["draft only"].said.out.split()[1]
    total = one(life.house.settings, "select count(*) from raw.observations where dataset = ?", [BAROMETER])
    assert int(loaded) == total - life.steps["first"].said.json["rows_added"][BAROMETER]
    assert len(new) == one(life.house.settings, "select count(*) from raw.releases where dataset = ?", [BAROMETER])
    assert [path.name for path in life.house.settings.publications.iterdir() if path.name.startswith(".")] == []


KILLED_AT_THE_SWITCH = """
import os, signal
from pipelines.settings import Settings
from pipelines.warehouse import publication
publication._switch = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
input()
publication.publish(Settings.from_environment(), "f" * 64, {"published_at": "now", "draft": {"origin": "kept"}})
"""


def test_a_publication_killed_at_the_switch_was_never_one(life: Life, tmp_path: Path) -> None:
    """The copy stands beside the others, whole, but nobody ever read it: the way back leads past it."""
    house = copied(life.house, tmp_path)
    before = house.settings.current.resolve().name

    died = Waiting(house.settings.data, KILLED_AT_THE_SWITCH).go()

    assert died.code == -signal.SIGKILL, died.err
    assert house.settings.current.resolve().name == before
    assert len(list(house.settings.publications.iterdir())) == len(list(life.house.settings.publications.iterdir())) + 1
    assert one(house.settings, "select count(*) from marts.strategy_targets") > 0
    assert marsad(house.settings.data, "rollback").code == 0
    assert house.settings.current.resolve().name == life.steps["first"].current
