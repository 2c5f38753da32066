"""A file at an address, without a line of code: a ministry's in three forms, HCP's by its number, the UN's export."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.datasets import data_sets, release_paths
from pipelines.fetching import attempts
from pipelines.fetching.attempts import Attempt
from pipelines.fetching.run import fetch
from tests.fetching.test_fetching import QUICK
from tests.house import DATA, House
from tests.publishers import Asked, Publisher, Reply, declared
from tests.publishers.hcp import LEGAL_POPULATION, Site
from tests.publishers.ministry import Ministry
from tests.publishers.un_egovkb import DataCenter


def ask(house: House, name: str) -> Attempt:
    (attempt,) = fetch(house.settings, data_sets(house.settings.raw), names=[name], limits=QUICK)
    return attempt


def rows(house: House, name: str, columns: str) -> list[tuple[Any, ...]]:
    assert house.load(house.data_set(name))[name].refused == {}
    return house.rows(f"select {columns} from raw.observations order by all")


@pytest.mark.parametrize("form", declared.FORMS)
def test_a_ministrys_new_file_needs_a_dataset_yml_alone(house: House, form: str) -> None:
    office = Ministry()
    with Publisher(office) as publisher:
        name, said = declared.ministry(form, publisher.base)
        declared.write(house.settings.raw, name, said)
        assert ask(house, name).outcome == attempts.NEW
        assert rows(house, name, "ref_area, time_period, obs_value") == [("02", "2019", "1298"), ("08", "2019", "420")]
        office.heading = "Créations d'entreprises"
        drifted = ask(house, name)
        assert drifted.outcome == attempts.DRIFTED
        assert "gone: 'Entreprises créées'; new: \"Créations d'entreprises\"" in str(drifted.message)
        office.heading, office.counts = "Entreprises créées", office.counts | {"Oriental-Rif": 7}
        assert "the label is none of the 2 that codes knows" in str(ask(house, name).message)


@pytest.mark.parametrize("moved", [False, True], ids=["at its number", "moved"])
def test_a_workbook_of_hcp_is_asked_for_by_its_number(house: House, moved: bool) -> None:
    site = Site(moved=moved, file_name="../../../../tmp/outside.xlsx")
    with Publisher(site) as publisher:
        name, said = declared.hcp(publisher.base)
        declared.write(house.settings.raw, name, said)
        assert ask(house, name).outcome == attempts.NEW
        assert rows(house, name, "definition, ref_area, obs_value") == [
            ("hcp_rgph_households@rgph", "01", "1048860"),
            ("hcp_rgph_households@rgph", "MA", "9275038"),
            ("hcp_rgph_population_legal@rgph", "01", "4030222"),
            ("hcp_rgph_population_legal@rgph", "MA", "36828330"),
        ]
        # Its own name for the file decides nothing, and what robots are asked to leave alone is left alone.
        (path,) = release_paths(house.data_set(name))
        assert path.parent == house.settings.raw / name
        assert "outside" not in path.name
        assert not [asked for asked in publisher.asked if not asked.path.startswith(("/file/", "/attachment/"))]
        site.rows[1][3] = 4030223
        assert ask(house, name).outcome == attempts.NEW
        site.headings[3] = "Population municipale"
        assert "gone: 'Population'; new: 'Population municipale'" in str(ask(house, name).message)


def test_hcps_own_file_states_the_cells_of_the_census(house: House) -> None:
    """The census comes from a package that read another workbook: country and region agree, cell by cell."""
    with Publisher(Site()) as publisher:
        name, said = declared.hcp(publisher.base)
        declared.write(house.settings.raw, name, said)
        ask(house, name)
    census = house.bring("territory/hcp_rgph_population")
    house.load(census, house.data_set(name))
    assert house.rows(
        "select indicator, ref_area, count(distinct dataset), count(distinct obs_value) from raw.observations "
        f"where cell_id in (select cell_id from raw.observations where dataset = '{name}') group by all order by all"
    ) == [
        ("hcp_rgph_households", "01", 2, 1),
        ("hcp_rgph_households", "MA", 2, 1),
        ("hcp_rgph_population_legal", "01", 2, 1),
        ("hcp_rgph_population_legal", "MA", 2, 1),
    ]


def test_a_file_that_is_gone_is_a_page_at_hcp_and_kept_out(house: House) -> None:
    with Publisher(Site()) as publisher:
        name, said = declared.hcp(publisher.base)
        said["fetch"]["options"]["url"] = said["fetch"]["options"]["url"].replace(LEGAL_POPULATION, "1")
        declared.write(house.settings.raw, name, said)
        attempt = ask(house, name)
    assert attempt.outcome == attempts.UNANSWERED
    assert "a page of HTML where binary was expected" in str(attempt.message)


def test_a_workbook_with_entities_is_not_opened(house: House) -> None:
    """What a spreadsheet could make a parser read or blow up is refused before anything of it is believed."""
    with zipfile.ZipFile(io.BytesIO(Ministry().workbook())) as book:
        members = {each: book.read(each) for each in book.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    members[sheet] = b'<!DOCTYPE w [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY a "&x;&x;">]>' + members[sheet]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as book:
        for each, content in members.items():
            book.writestr(each, content)
    with Publisher(lambda _: Reply(packed.getvalue())) as publisher:
        name, said = declared.ministry("xlsx", publisher.base)
        declared.write(house.settings.raw, name, said)
        attempt = ask(house, name)
    assert attempt.outcome == attempts.DRIFTED
    assert "EntitiesForbidden" in str(attempt.message)
    assert release_paths(house.data_set(name)) == []


def test_the_uns_export_is_a_file_like_any_other_once_it_has_an_address(house: House) -> None:
    name, center = "e_service/un_egovkb", DataCenter()
    house.bring(name, releases=False)
    with Publisher(center) as publisher:
        said = yaml.safe_load((DATA / "raw" / name / "dataset.yml").read_text(encoding="utf-8"))
        said["fetch"] = {"from": "file", "options": {"url": f"{publisher.base}/export.csv", "suffix": ".csv"}}
        declared.write(house.settings.raw, name, said)
        assert ask(house, name).outcome == attempts.NEW
        assert rows(house, name, "indicator, time_period, obs_value")[-1] == ("egdi_score", "2018", "0.5214")
        center.rows = [(year, country.replace("Morocco ", "Kingdom of Morocco "), *more) for year, country, *more in center.rows]
        assert "the table has no rows" in str(ask(house, name).message)


def test_names_that_a_server_makes_up_lead_nowhere(house: House, tmp_path: Path) -> None:
    """Nor does a redirect: it is asked of the same server, as a path there."""
    office = Ministry()

    def tricky(asked: Asked) -> Reply:
        if asked.path == "/creations.csv":
            return Reply(b"", 302, headers={"Location": "/..%2f..%2f..%2fetc/creations.csv?x=/../../outside.csv"})
        return Reply(office.csv(), headers={"Content-Disposition": 'attachment; filename="/etc/cron.d/outside.csv"'})

    with Publisher(tricky) as publisher:
        name, said = declared.ministry("csv", publisher.base)
        declared.write(house.settings.raw, name, said)
        assert ask(house, name).outcome == attempts.NEW
    assert not list(tmp_path.rglob("*outside*"))
