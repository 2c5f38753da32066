"""docs/add-data.md: its worked example, followed to the letter, says what is printed below it."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from pipelines.describing import describe
from pipelines.filing import Sidecar, file_release
from pipelines.sources.table.printed import DATE_CELLS, PERIODS
from tests.house import DATA, House

PAGE = (DATA.parent / "docs" / "add-data.md").read_text(encoding="utf-8")
DOCUMENT = "lopinion-ompic-2022-03"


def block(language: str) -> str:
    found = re.findall(rf"^```{language}\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def test_the_worked_example(house: House, tmp_path: Path) -> None:
    data_set = describe(house.settings, "company_creation/example", yaml.safe_load(block("yaml")), house.reference)
    file = tmp_path / "baromètre.csv"
    file.write_bytes(block("csv").encode("cp1252"))

    file_release(data_set, file, Sidecar(document=DOCUMENT), house.reference, [data_set])
    house.load(data_set)

    printed = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in re.findall(r"^\|.*locator.*\n(?:\|.*\n)+", PAGE, re.M)[0].splitlines()
    ]
    found = house.rows(f"select {', '.join(printed[0])} from raw.observations order by ref_area")
    assert [["" if value is None else value for value in row] for row in found] == printed[2:]
    assert house.rows("select distinct document from raw.observations") == [(DOCUMENT,)]


def test_every_form_of_a_period_is_described() -> None:
    for form in (*PERIODS, *DATE_CELLS):
        assert f"`{form}`" in PAGE
