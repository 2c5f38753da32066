"""Data sets of the tests that are asked of the publishers here, as a person would declare them: their dataset.yml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from pipelines.datasets import DATASET_FILE
from tests.publishers.hcp import HEADINGS, LEGAL_POPULATION

HCP = "territory/hcp_file"
FORMS: dict[str, dict[str, Any]] = {
    "csv": {"form": "csv", "encoding": "windows-1252", "delimiter": ";", "header_row": 1},
    "xlsx": {"form": "xlsx", "sheet": "Créations", "header_row": 3},
    "parquet": {"form": "parquet"},
}


def ministry(form: str, base: str) -> tuple[str, dict[str, Any]]:
    """Name and dataset.yml of the ministry's table in one of ``FORMS``; each form counts another kind of company."""
    legal_form = {"csv": "_T", "xlsx": "LEGAL_FORM=LEGAL_PERSON", "parquet": "LEGAL_FORM=NATURAL_PERSON"}[form]
    options = {
        "file": FORMS[form],
        "numbers": {"decimal": ",", "thousands": " "},
        "constants": _constants("ompic", "A", "FLOW") | {"document": "lopinion-ompic-2022-03", "breakdown": legal_form},
        "columns": [
            {"header": "Région", "gives": "ref_area", "codes": {"Oriental": "02", "Drâa-Tafilalet": "08"}},
            {"header": "Année", "gives": "time_period", "periods": "year"},
            {"header": "Entreprises créées", "value": _value("company_creations", "company_creations@ompic", "COMPANIES")},
        ],
    }
    return f"company_creation/ministry_{form}", _described("ompic", options, f"{base}/creations.{form}", f".{form}")


def hcp(base: str) -> tuple[str, dict[str, Any]]:
    """Name and dataset.yml of HCP's workbook of the legal population, by the number of its file: the country and a region."""
    label, _, _, population, households, *_ = HEADINGS
    ours = {
        population: _value("hcp_rgph_population_legal", "hcp_rgph_population_legal@rgph", "PERSONS"),
        households: _value("hcp_rgph_households", "hcp_rgph_households@rgph", "HOUSEHOLDS"),
    }
    codes = {"Ensemble du territoire national": "MA", "Région de Tanger-Tétouan-Al Hoceima": "01"}
    options = {
        "file": {"form": "xlsx", "sheet": "Population légale", "header_row": 3},
        "constants": _constants("hcp", "I", "STOCK")
        | {"breakdown": "_T", "time_period": "2024-09", "document": "hcp-file-242671"},
        "columns": [
            {"header": label, "gives": "ref_area", "codes": codes, "leave_out_others": True},
            *(
                {"header": heading, "value": ours[heading]} if heading in ours else {"header": heading, "ignored": True}
                for heading in HEADINGS[1:]
            ),
        ],
    }
    return HCP, _described("hcp", options, f"{base}/file/{LEGAL_POPULATION}/", ".xlsx")


def write(raw: Path, name: str, said: dict[str, Any]) -> None:
    """Write a dataset.yml; options stay in their order."""
    (raw / name).mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(said, allow_unicode=True, sort_keys=False)
    (raw / name / DATASET_FILE).write_text(text, encoding="utf-8")


def _constants(publisher: str, freq: str, flow: str) -> dict[str, str]:
    fixed = {"urbanisation": "_T", "bound": "EQ", "obs_status": "A", "conf_status": "F"}
    return fixed | {"publisher": publisher, "freq": freq, "flow": flow}


def _value(indicator: str, definition: str, unit: str) -> dict[str, Any]:
    return {"indicator": indicator, "definition": definition, "unit_measure": unit, "unit_mult": 0}


def _described(publisher: str, options: dict[str, Any], url: str, suffix: str) -> dict[str, Any]:
    return {
        "title": dict.fromkeys(("en", "fr", "ar"), "Asked"),
        "description": "A file at an address.",
        "publisher": publisher,
        "address": url,
        "licence": "none",
        "reader": "table",
        "kind": "observation",
        "expected_every": None,
        "max_age_days": None,
        "contact": "the tests",
        "options": options,
        "fetch": {"from": "file", "options": {"url": url, "suffix": suffix}},
    }
