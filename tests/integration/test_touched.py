"""A night that only adds releases builds what they touch, and ends in the same tables as building everything.

Each statement of the night is one way in which a figure touches others that no release of the night names: tracing one way
less makes a table differ.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from pipelines import dbt_project
from pipelines.warehouse import draft, touched
from tests.faults.belonging import CORRECTED
from tests.house import OBSERVATION, RECORDED, House, build, figures
from tests.integration.running import content, marsad

SERIES = "company_creation/ompic_barometer"
REGIONS = [f"{number:02d}" for number in range(1, 13)]
INTERNET, COMPUTER = (
    OBSERVATION
    | {
        "indicator": f"hcp_rgph_households_{what}",
        "definition": f"hcp_rgph_households_{what}@rgph_2014",
        "time_period": "2014-09",
        "freq": "I",
        "flow": "STOCK",
        "unit_measure": "PERCENT",
        "publisher": "hcp",
        "document": "hcp-file-230042",
    }
    for what in ("internet", "computer")
)
HOUSEHOLDS = INTERNET | {
    "indicator": "hcp_rgph_households", "definition": "hcp_rgph_households@rgph", "unit_measure": "HOUSEHOLDS", "obs_value": "700000",
}  # fmt: skip
YEAR = {"time_period": "2022", "freq": "A", "flow": "FLOW"}
YEAR_2024 = YEAR | {"time_period": "2024"}
SHARE = OBSERVATION | YEAR | {"indicator": "company_creations_share", "unit_measure": "PERCENT", "obs_value": "14.5"}
EGDI, OSI, TII, HCI = (
    OBSERVATION
    | {
        "indicator": indicator, "definition": f"{indicator}@un_egov", "ref_area": "MA", "time_period": "2022", "freq": "A2",
        "flow": "STOCK", "unit_measure": "INDEX_0_1", "obs_value": value, "publisher": "un-desa",
        "document": "un-egovkb-data-center",
    }
    for indicator, value in (("egdi_score", "0.5915"), ("UN.OSI", "0.4721"), ("UN.TII", "0.6676"), ("UN.HCI", "0.635"))
)  # fmt: skip
# Two documents without a date: which of them stands before the other depends on the latest year that each reports on.
ELDER, YOUNGER = "aujourdhui-ompic-2022-06", "aujourdhui-ompic-2023-06"


def _said(statement: dict[str, str], **changes: str) -> dict[str, str | None]:
    return statement | changes


BEFORE = [
    # Earlier years, which no night touches.
    *[
        _said(OBSERVATION, time_period=str(year), freq="A", flow="FLOW", ref_area=region, obs_value=str(year + int(region)))
        for year in range(2005, 2020)
        for region in REGIONS
        if year != 2012
    ],
    *[_said(OBSERVATION, ref_area=region, obs_value=str(100 + 10 * int(region))) for region in REGIONS],
    _said(OBSERVATION, ref_area="MA", obs_value="1980"),
    *[_said(INTERNET, ref_area=region, obs_value=region, urbanisation="U") for region in REGIONS[:3]],
    *[_said(COMPUTER, ref_area=region, obs_value=f"{int(region) + 20}", urbanisation="U") for region in REGIONS[:3]],
    *[_said(HOUSEHOLDS, ref_area=region, urbanisation="U") for region in REGIONS[:3]],
    _said(COMPUTER, ref_area="MA", obs_value="22", urbanisation="U"),
    EGDI,
    OSI,
    TII,
    HCI,
    _said(SHARE, definition="company_creations_share@ompic"),
    _said(OBSERVATION, **YEAR, ref_area="09", obs_value="6400", document=ELDER),
    _said(OBSERVATION, **YEAR, ref_area="09", obs_value="6500", document=YOUNGER),
    _said(OBSERVATION, time_period="2023", freq="A", flow="FLOW", ref_area="09", obs_value="6600", document=YOUNGER),
]
NIGHT = [
    # A figure is revised: its region, its country, the ranks, a sum that fitted.
    _said(OBSERVATION, ref_area="02", obs_value="1000"),
    # A first urban figure of a fourth region: what was complete for the other indicator of that day is no more.
    _said(INTERNET, ref_area="04", obs_value="9", urbanisation="U"),
    # The elder document reports on a later year than the younger, and stands before it in a cell that nobody mentions now.
    _said(OBSERVATION, time_period="2024", freq="A", flow="FLOW", ref_area="09", obs_value="6700", document=ELDER),
    # A component of an index is revised: the index, which is another indicator, is not the mean of its components any more.
    _said(OSI, obs_value="0.5721"),
    # A first figure of a year that had none: the year after it has another year before it, and is compared with that.
    _said(OBSERVATION, time_period="2012", freq="A", flow="FLOW", ref_area="01", obs_value="2013"),
    # Another definition of a share that stands.
    _said(SHARE, definition="company_creations_share@omtpme", obs_value="18.5"),
]


# Of one night, and of the next: a revision in a series that the other does not touch; another, and a figure of a cell that had none.
REVISED = [_said(OBSERVATION, time_period="2010", freq="A", flow="FLOW", ref_area="03", obs_value="1003")]
ANOTHER = [
    _said(OBSERVATION, ref_area="05", obs_value="1005"),
    _said(OBSERVATION, time_period="2020", freq="A", flow="FLOW", ref_area="01", obs_value="2020"),
]


def _file(house: House, name: str, statements: list[dict[str, str | None]], **said: Any) -> None:
    nth = len(list((house.settings.raw / SERIES).glob("*.csv")))
    path = house.write(house.data_set(SERIES), f"undated__{name}.csv", figures("observation", statements), sealed=False, **said)
    from pipelines.datasets import seal

    seal(house.data_set(SERIES), path, RECORDED + timedelta(hours=nth))


def _refresh(house: House, *arguments: str) -> str:
    """Refresh; returns what the models were built of, by the manifest."""
    said = marsad(house.settings.data, "refresh", *arguments)
    assert said.code == 0, said.out + said.err
    manifest = json.loads((house.settings.current / "manifest.json").read_text(encoding="utf-8"))
    built: str = manifest["draft"]["built"]
    return built


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house that has published ``BEFORE``."""
    made = build(tmp_path_factory.mktemp("touched"))
    made.bring(CORRECTED)
    made.bring(SERIES, releases=False)
    _file(made, "before", BEFORE)
    assert _refresh(made) == "everything: there is no draft yet"
    return made


@pytest.mark.long
def test_what_a_night_touches_is_built_and_everything_else_is_as_if_built_anew(house: House, tmp_path: Path) -> None:
    _file(house, "night", NIGHT)
    built = _refresh(house)
    night = content(house.settings.published, tmp_path / "night")
    changed = _changed(house)

    # 13 of the quarter; 4 each of internet and computer, 3 of households; 2 years of region 09 (not the one that only the younger
    # document names); 2 shares; the component; the year of 2012.
    assert built == "30 cells of 10 series that new releases touch"
    assert changed["values"]["revised"]["count"] == 3
    assert {each["basis"] for each in changed["contradictions"]["opened"]["listed"]} == {"DEFINITION", "PARTS"}
    assert changed == _compared_whole(house)
    _see_that_tests_look_at_what_is_touched(house)
    assert _refresh(house, "--full") == "everything: a full rebuild was asked for"
    full = content(house.settings.published, tmp_path / "full")
    assert [name for name in full.keys() | night.keys() if full.get(name) != night.get(name)] == []


@pytest.mark.long
def test_what_changed_is_told_of_every_night_since_the_last_publication(house: House) -> None:
    """Also of one that built its models and did not come to publish them: the next one touches other cells."""
    _file(house, "revised", REVISED)
    assert marsad(house.settings.data, "refresh", "--dataset", SERIES).code == 0
    with draft.connect(house.settings) as connection:
        assert touched.plan(connection, "a run that publishes nothing", all_stand=True).only_touched
    assert all(each.good for each in dbt_project.build(house.settings, only_touched=True))
    with draft.connect(house.settings) as connection:
        touched.built(connection)
    _file(house, "another", ANOTHER)

    assert _refresh(house).endswith("that new releases touch")
    changed = _changed(house)
    assert changed == _compared_whole(house)
    assert {each["ref_area"] for each in changed["values"]["revised"]["listed"]} == {"03", "05"}
    [statements] = changed["statements"]
    assert (statements["added"], statements["after"] - statements["before"]) == (3, 3)
    assert {each["table"] for each in changed["tables"]} >= {"quality.revisions", "marts.regional_indicators"}


@pytest.mark.long
def test_after_a_rollback_what_changed_is_told_of_the_publication_that_readers_have(house: House) -> None:
    assert marsad(house.settings.data, "rollback").code == 0
    _file(house, "after_rollback", [_said(OBSERVATION, ref_area="06", obs_value="1006")])
    _refresh(house)

    changed = _changed(house)
    assert changed == _compared_whole(house)
    assert {each["ref_area"] for each in changed["values"]["revised"]["listed"]} == {"03", "05", "06"}


def _changed(house: House) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads((house.settings.current / "manifest.json").read_text(encoding="utf-8"))["changes"]
    return changed


def _compared_whole(house: House) -> dict[str, Any]:
    """The same two publications held against each other row by row."""
    now = house.settings.current.resolve().name
    said: dict[str, Any] = marsad(house.settings.data, "diff", _changed(house)["since"], now, "--json").json
    assert said.pop("publication") == now
    return said


DAMAGE = {
    "assert_grains_are_unique": """
        insert into intermediate.int_observation_vintages
        select * from intermediate.int_observation_vintages where {cells} order by cell_id limit 1
    """,
    "assert_current_values_are_chosen": "update intermediate.int_current_observations set statements = 99 where {cells}",
    "assert_references_resolve": "update raw.observations set document = 'nobody-knows' where {cells}",
    "assert_lineage_resolves": """
        update intermediate.int_compared_units set observation_id = 'nobody' where observation_id in (
            select observation_id from intermediate.int_current_observations where {cells} and ref_area = '01'
        )
    """,
}
"""What each test must find, done to the rows that ``{cells}`` selects."""
TOUCHED = "cell_id in (select cell_id from pipeline.touched_cells)"
UNTOUCHED = "(definition, period_key) not in (select definition, period_key from pipeline.touched_series)"


def _see_that_tests_look_at_what_is_touched(house: House) -> None:
    untouched = f"cell_id in (select cell_id from intermediate.int_current_observations where {UNTOUCHED})"
    for damage in DAMAGE.values():
        house.execute(damage.format(cells=untouched))
    assert _verdicts(house, only_touched=True) == dict.fromkeys(DAMAGE, "pass")
    assert _verdicts(house, only_touched=False) == dict.fromkeys(DAMAGE, "fail")
    for damage in DAMAGE.values():
        house.execute(damage.format(cells=TOUCHED))
    assert _verdicts(house, only_touched=True) == dict.fromkeys(DAMAGE, "fail")


def _verdicts(house: House, *, only_touched: bool) -> dict[str, str]:
    # One by one: after a test that fails dbt skips those that would have come later.
    results = [dbt_project.build(house.settings, [name], only_touched=only_touched) for name in DAMAGE]
    return {each.unique_id.split(".")[2]: each.status for [each] in results}


@pytest.mark.long
def test_what_touches_more_than_it_names_has_everything_built(house: House) -> None:
    _file(house, "households", [_said(HOUSEHOLDS, ref_area="05", urbanisation="U")])
    assert _refresh(house) == "everything: a release touches hcp_rgph_households, which other figures are divided by"

    # It says nothing of households; but the document that does becomes the newer one of two.
    _file(house, "newer", [_said(OBSERVATION, **YEAR_2024, ref_area="10", document=HOUSEHOLDS["document"])])
    assert _refresh(house) == "everything: a release touches hcp_rgph_households, which other figures are divided by"

    _file(
        house,
        "mended",
        [_said(OBSERVATION, **YEAR_2024, ref_area="10")],
        replaces="undated__newer.csv",
        reason="another document",
    )
    assert _refresh(house).startswith("everything: company_creation/ompic_barometer: a release was replaced")
