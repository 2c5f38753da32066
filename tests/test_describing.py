"""A new data set is described by flags or answers, and works at once; what is not known is not written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets import data_sets
from pipelines.describing import NotDescribed, asked_options, describe
from pipelines.errors import BadInput
from pipelines.filing import Sidecar, file_release
from pipelines.sources import ReleaseUnreadable, table
from tests.house import House
from tests.tables import saved, workbook

NAME = "company_creation/ompic_new"
SAID: dict[str, Any] = {
    "title": {"en": "Barometer", "fr": "Baromètre", "ar": "مقياس"}, "description": "Companies created.", "publisher": "ompic",
    "address": None, "licence": "not seen", "reader": "figures", "kind": "observation", "expected_every": None,
    "max_age_days": None, "contact": "data engineers",
}  # fmt: skip
ANSWERS = {
    "Form of the file": None, "Sheet": "Données", "Row of the header": "3", "Text with which": "", "Decimal mark": ",", "Thousands mark": " ",
    "Column 'Région'": "gives", "'Région' gives": "ref_area", "'Tanger-Tétouan-Al Hoceima' is": None, "'Oriental' is": "02",
    "'Guelmim-Oued Noun' is": None, "Column 'Période'": "gives", "'Période' gives": "time_period", "printed as": "month_name",
    "cumulated since January": "yes", "Column 'Entreprises créées'": "value", "'Entreprises créées': a column": ["indicator", "definition", "unit_measure", "unit_mult", ""],
    "Column 'Remarques'": "ignored", "  indicator": "company_creations", "  definition": "company_creations@ompic", "  unit_measure": "COMPANIES",
    "  unit_mult": "0", "Text that stands": ["ND", ""], "status of 'ND'": "O", "urbanisation of": "_T", "breakdown of": "_T", "freq of": "M",
    "flow of": "CUM_YTD", "bound of": "EQ", "obs_status of": "A", "conf_status of": "F",
}  # fmt: skip


def answering(**changed: Any) -> Any:
    """Answers by the start of the question; None takes what is proposed."""
    answers: dict[str, Iterator[str | None]] = {
        start: iter(said if isinstance(said, list) else [said] * 9) for start, said in (ANSWERS | changed).items()
    }

    def ask(question: str, proposed: str | None) -> str:
        start = max((each for each in answers if question.startswith(each) or question.strip().startswith(each)), key=len)
        said = next(answers[start])
        assert said is not None or proposed is not None, question
        return str(proposed if said is None else said)

    return ask


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "baromètre.xlsx"
    path.write_bytes(saved(workbook()))
    return path


def test_a_data_set_asked_from_a_spreadsheet_works_at_once(house: House, file: Path) -> None:
    options = asked_options(file, "observation", {"publisher": "ompic"}, house.reference, answering())

    made = describe(house.settings, NAME, SAID | {"reader": "table", "options": options}, house.reference)

    assert [each.name for each in data_sets(house.settings.raw)] == [NAME]
    assert options["columns"][0]["codes"] == {"Tanger-Tétouan-Al Hoceima": "01", "Oriental": "02", "Guelmim-Oued Noun": "10"}
    release, statements = file_release(made, file, Sidecar(document="lematin-dm2030-2024-09-25"), house.reference, [made])
    assert (release.name, statements) == ("2024-09-25__lematin-dm2030-2024-09-25.xlsx", 3)
    assert house.load(made)[NAME].rows_added == 3
    assert table.read(release.path, "observation", made.options)["obs_value"].to_list() == ["3388", "1298", "280"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"'Oriental' is": "2"}, "'2' is not known; nearest: 02"),
        ({"Sheet": "Feuil1"}, "there is no sheet 'Feuil1'"),
        ({"Row of the header": "drei"}, "'drei' is not a row number"),
        ({"printed as": "quarter"}, "no period of the declared forms"),
        ({"  definition": "company_creations@ompik"}, "nearest: company_creations@ompic"),
        ({"Column 'Remarques'": "yes"}, "'yes' is not known"),
    ],
)
def test_answers_that_do_not_fit_the_file_are_told(house: House, file: Path, changed: dict[str, Any], says: str) -> None:
    with pytest.raises((NotDescribed, ReleaseUnreadable), match=says):
        asked_options(file, "observation", {"publisher": "ompic"}, house.reference, answering(**changed))


@pytest.mark.parametrize(
    ("name", "changed", "says"),
    [
        ("../evil/x", {}, "is no name of a data set"),
        ("Company/New", {}, "is no name of a data set"),
        (NAME, {"publisher": "ompik"}, "nearest: ompic"),
        (NAME, {"reader": "excel"}, "there is no reader 'excel'"),
        (NAME, {"reader": "table"}, "options: lacks columns, constants, file"),
        (NAME, {"kind": "figure"}, "kind is 'figure'"),
        (NAME, {"title": {"en": "x", "fr": "", "ar": "x"}}, "title must be given"),
        (NAME, {"expected_every": "P1M"}, "max_age_days is not a number"),
    ],
)
def test_what_cannot_be_is_not_written(house: House, name: str, changed: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        describe(house.settings, name, SAID | changed, house.reference)

    assert list(house.settings.raw.iterdir()) == []


def test_a_data_set_is_described_once(house: House) -> None:
    describe(house.settings, NAME, SAID, house.reference)

    with pytest.raises(NotDescribed, match="exists already"):
        describe(house.settings, NAME, SAID, house.reference)
