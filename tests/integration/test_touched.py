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
    # Another definition of a share that stands.
    _said(SHARE, definition="company_creations_share@omtpme", obs_value="18.5"),
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
    changed = json.loads((house.settings.current / "manifest.json").read_text(encoding="utf-8"))["changes"]

    # 13 of the quarter; 4 each of internet and computer, 3 of households; 2 years of region 09 (not the one that only the younger
    # document names); 2 shares; the component.
    assert built == "29 cells of 9 series that new releases touch"
    assert changed["values"]["revised"]["count"] == 3
    assert {each["basis"] for each in changed["contradictions"]["opened"]["listed"]} == {"DEFINITION", "PARTS"}
    assert _refresh(house, "--full") == "everything: a full rebuild was asked for"
    full = content(house.settings.published, tmp_path / "full")
    assert [name for name in full.keys() | night.keys() if full.get(name) != night.get(name)] == []


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
