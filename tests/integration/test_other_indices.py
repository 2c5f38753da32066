"""A published index computed again by the models of ours: other rows of the two seeds, the same SQL, the real figures."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.integration.conftest import Whole

INTERMEDIATE = ("int_index_figures", "int_index_variants")
MARTS = ("regional_index_components", "regional_digital_index")
PARTS = {"OSI": "UN.OSI@un_egov", "TII": "UN.TII@un_egov", "HCI": "UN.HCI@un_egov"}
# Equal thirds, but in 2010, whose first weight took the rounding.
WEIGHTS_OF_2010 = {"OSI": 34, "TII": 33, "HCI": 33}
EDITIONS = ("2010", "2012", "2014", "2016", "2018", "2020", "2022", "2024")


@pytest.fixture(scope="module")
def egdi(whole: Whole) -> duckdb.DuckDBPyConnection:
    """The United Nations' E-Government Development Index as rows of seeds: one index for each edition."""
    compiled = {path.stem: path for path in (whole.settings.dbt_target / "compiled").rglob("*.sql")}
    connection = duckdb.connect()
    connection.execute("attach ':memory:' as marsad")
    connection.execute(f"attach '{whole.settings.published.resolve()}' as published (read_only)")
    for schema in ("reference", "intermediate", "marts"):
        connection.execute(f"create schema marsad.{schema}")
    for table in ("areas", "conventions"):
        connection.execute(f"create view marsad.reference.{table} as from published.reference.{table}")
    for table in ("int_compared_units", "int_reconciliation_cells"):
        connection.execute(f"create view marsad.intermediate.{table} as from published.intermediate.{table}")
    for table in ("index_components", "index_pillars"):
        connection.execute(f"create table marsad.reference.{table} as from published.reference.{table} limit 0")
    for edition in EDITIONS:
        for part, definition in PARTS.items():
            connection.execute(
                "insert into marsad.reference.index_pillars by name select ? as index_code, ? as pillar, ? as weight",
                [edition, part, WEIGHTS_OF_2010[part] if edition == "2010" else 1],
            )
            connection.execute(
                "insert into marsad.reference.index_components by name select ? as index_code, ? as component, ? as pillar, "
                "'country' as unit_level, ? as definition, '_T' as urbanisation, '_T' as breakdown, ? as period_key, "
                "'LINEAR' as transform, 0 as low, 1 as high, 1 as direction, 1 as weight",
                [edition, part, part, definition, edition],
            )
    connection.execute("create table marsad.reference.code_lists as from published.reference.code_lists")
    connection.executemany(
        "insert into marsad.reference.code_lists by name select 'COMPOSITE_INDEX' as code_list, ? as code",
        [[each] for each in EDITIONS],
    )
    for schema, names in (("intermediate", INTERMEDIATE), ("marts", MARTS)):
        for name in names:
            connection.execute(f"create table marsad.{schema}.{name} as {Path(compiled[name]).read_text(encoding='utf-8')}")
    return connection


def test_the_egdi_is_computed_again_from_its_three_components(whole: Whole, egdi: duckdb.DuckDBPyConnection) -> None:
    published = {
        period: float(value)
        for period, value in whole.connection.execute(
            "select period, value from marts.national_indicators where definition = 'egdi_score@un_egov'"
        ).fetchall()
    }
    found = dict(egdi.execute("select index_code, arithmetic_score / 100 from marsad.marts.regional_digital_index").fetchall())

    assert found.keys() == published.keys() == set(EDITIONS)
    # Morocco in 2024: (0.5618 + 0.8827 + 0.6078) / 3, printed 0.6841.
    assert round(found["2024"], 4) == 0.6841
    for edition in ("2010", "2012", "2014", "2016", "2018", "2022", "2024"):
        assert found[edition] == pytest.approx(published[edition], abs=0.0001), edition
    equal_thirds = (0.23809 + 0.17688 + 0.57393) / 3
    assert abs(equal_thirds - published["2010"]) > 0.0005


def test_what_lacks_a_component_has_no_score(egdi: duckdb.DuckDBPyConnection) -> None:
    """No source here prints the three components of 2020."""
    assert egdi.execute(
        "select arithmetic_score, components_missing, undefined_because from marsad.marts.regional_digital_index where index_code = '2020'"
    ).fetchall() == [(None, "HCI; OSI; TII", "every score: INCOMPLETE_COVERAGE")]
