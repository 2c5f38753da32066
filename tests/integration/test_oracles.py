"""Worked examples of the literature through the marts' own macros, in a database of their own, and what must hold of any data.

``tests/oracles`` is a dbt project of seeds, models that call the macros, and tests to half a unit of the last printed digit.
The property tests run the SQL that dbt compiled from those models over random data: many groups in one query.
"""

from __future__ import annotations

import math
import os
import shutil
from dataclasses import dataclass

import duckdb
import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.integration.running import CHECKOUT

ORACLES = CHECKOUT / "tests" / "oracles"
DECLARED = ("code_lists", "conventions", "progress_classes")  # what the macros read of the warehouse's own seeds


@dataclass(frozen=True)
class Oracles:
    """What dbt made of the worked examples, and the SQL it ran."""

    results: dict[str, tuple[str, str]]
    compiled: dict[str, str]


@pytest.fixture(scope="module")
def oracles(tmp_path_factory: pytest.TempPathFactory) -> Oracles:
    from dbt.cli.main import dbtRunner

    project = tmp_path_factory.mktemp("oracles") / "project"
    shutil.copytree(ORACLES, project)
    shutil.copytree(CHECKOUT / "dbt_project" / "macros", project / "macros")
    for seed in DECLARED:
        shutil.copy(CHECKOUT / "data" / "seeds" / f"{seed}.csv", project / "seeds")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MARSAD_ORACLES", str(project.parent / "oracles.duckdb"))
        outcome = dbtRunner().invoke(
            [
                "--no-use-colors", "--log-level", "none", "--log-level-file", "none", "--log-path", str(project / "logs"),
                "--no-send-anonymous-usage-stats", "--no-version-check", "--no-partial-parse",
                "build", "--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(project / "target"),
            ]
        )  # fmt: skip
    assert outcome.exception is None
    results = {each.node.name: (str(each.status), str(each.message)) for each in outcome.result.results}
    compiled = {path.stem: path.read_text(encoding="utf-8") for path in (project / "target" / "compiled").rglob("*.sql")}
    return Oracles(results, {name: sql.replace('"oracles"."main".', "") for name, sql in compiled.items()})


def test_every_worked_example_is_as_printed(oracles: Oracles) -> None:
    assert {name: said for name, said in oracles.results.items() if said[0] not in ("success", "pass")} == {}
    written = {path.stem for folder in ("models", "tests") for path in (ORACLES / folder).glob("*.sql")}
    assert written <= oracles.results.keys()


def test_no_example_reaches_the_warehouse_project() -> None:
    seeds = {path.name for path in (ORACLES / "seeds").glob("*.csv")}
    assert seeds.isdisjoint(path.name for path in (CHECKOUT / "data" / "seeds").glob("*.csv"))
    assert os.path.commonpath([ORACLES, CHECKOUT / "dbt_project"]) == str(CHECKOUT)


# Many small countries fail together: shrinking them would cost minutes and tell nothing more.
AS_DRAWN = settings(max_examples=3, phases=[Phase.generate])

UNIT = st.tuples(st.floats(1e-2, 1e4), st.floats(1, 1e6), st.sampled_from("ABC"))
COUNTRIES = st.lists(st.lists(UNIT, min_size=1, max_size=12), min_size=20, max_size=40)
Cases = list[tuple[str, str, str, float, float]]


def case(name: str, units: list[tuple[float, float, str]], *, rates: float = 1, weights: float = 1, copies: int = 1) -> Cases:
    """Units of one country, in another unit of measurement or each there several times over."""
    return [
        (name, f"{copy:02}.{place:03}", group, rate * rates, weight * weights)
        for copy in range(copies)
        for place, (rate, weight, group) in enumerate(units)
    ]


def measured(sql: str, cases: Cases) -> dict[str, dict[str, float | None]]:
    """Measures by country, by code."""
    with duckdb.connect() as connection:
        connection.register(
            "disparity_cases", pl.DataFrame(cases, schema=["example", "ref_area", "area_group", "rate", "weight"], orient="row")
        )
        found: dict[str, dict[str, float | None]] = {}
        for example, code, value, reason in connection.execute(sql).fetchall():
            assert (value is None) == (reason is not None), (example, code, value, reason)
            found.setdefault(example, {})[code] = value
    return found


@AS_DRAWN
@given(countries=COUNTRIES)
def test_disparity_does_not_depend_on_units_copies_or_order(
    oracles: Oracles, countries: list[list[tuple[float, float, str]]]
) -> None:
    cases: Cases = []
    for number, units in enumerate(countries):
        cases += case(f"{number}", units)
        cases += case(f"{number} rates in thousands", units, rates=1e3)
        cases += case(f"{number} weights in thousandths", units, weights=1e-3)
        cases += case(f"{number} three times", units, copies=3)
        cases += case(f"{number} backwards", units[::-1])
        cases += case(f"{number} all equal", [(units[0][0], weight, group) for _, weight, group in units])
    found = measured(oracles.compiled["disparity_of_cases"], cases)

    for name, measures in found.items():
        number, _, variant = name.partition(" ")
        if variant == "all equal":
            assert {code for code, value in measures.items() if value not in (0, None)} <= {"MAX_MIN"}, (name, measures)
            assert measures["MAX_MIN"] == 1
            continue
        for code, value in measures.items():
            if code == "GINI_CORRECTED":  # n/(n-1) of a country with copies is another one
                continue
            assert value == pytest.approx(found[number][code], rel=1e-9, abs=1e-12), (name, code)
            assert value is not None and value > -1e-12, (name, code)
        for total in ("THEIL_T", "THEIL_L"):
            parts = [measures[f"{total}_BETWEEN"], measures[f"{total}_WITHIN"]]
            assert sum(part for part in parts if part is not None) == pytest.approx(measures[total], abs=1e-12), name
        gini, hoover = measures["GINI"], measures["HOOVER"]
        assert gini is not None and hoover is not None and hoover - 1e-12 <= gini < 1, name


@AS_DRAWN
@given(countries=COUNTRIES, scale=st.floats(0.01, 100))
def test_convergence_does_not_depend_on_units_or_order(
    oracles: Oracles, countries: list[list[tuple[float, float, str]]], scale: float
) -> None:
    cases = []
    for number, units in enumerate(countries):
        for variant, factor, order in (("", 1, 1), (" scaled", scale, 1), (" backwards", 1, -1)):
            cases += [
                (f"{number}{variant}", f"{place:03}", 5.0, before * factor, after * factor)
                for place, (before, after, _) in enumerate(units[::order])
            ]
    with duckdb.connect() as connection:
        connection.register(
            "convergence_cases", pl.DataFrame(cases, schema=["example", "ref_area", "years", "before", "after"], orient="row")
        )
        relation = connection.sql(oracles.compiled["convergence_of_cases"])
        names = relation.columns
        found = {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in relation.fetchall()}

    for number, units in enumerate(countries):
        plain = found[f"{number}"]
        assert (plain["beta_slope"] is None) == (len(units) < 3 or len({before for before, _, _ in units}) == 1)
        assert (plain["half_life"] is None) == (plain["speed"] is None or plain["speed"] <= 0)
        for variant, factor in ((" scaled", scale), (" backwards", 1)):
            for name, value in found[f"{number}{variant}"].items():
                expected = plain[name]
                if name.startswith("delta"):
                    expected *= factor
                if name in ("sigma_before", "sigma_after", "cv_before", "cv_after", "delta_before", "delta_after"):
                    assert value == pytest.approx(expected, rel=1e-6, abs=1e-6 * factor), (name, variant)
                elif (
                    name == "beta_slope"
                    and expected is not None
                    and max(b for b, _, _ in units) > 1.1 * min(b for b, _, _ in units)
                ):
                    assert value == pytest.approx(expected, rel=1e-6, abs=1e-9), (name, variant)
        if len(units) == 1:
            assert plain["sigma_before"] == plain["cv_before"] == plain["delta_before"] == 0
        assert plain["delta_before"] >= -1e-9 * math.fsum(before for before, _, _ in units)


TARGET = st.tuples(
    st.floats(1, 1e3), st.floats(1, 1e3), st.floats(1, 1e3), st.integers(1, 8), st.integers(9, 20), st.floats(-9, 9)
)
SHAPE = ["baseline", "actual", "target", "years_elapsed", "years_total", "trend_slope"]


@AS_DRAWN
@given(targets=st.lists(TARGET, min_size=20, max_size=40), scale=st.floats(0.01, 100))
def test_progress_does_not_depend_on_units_and_grows_with_the_figure(
    oracles: Oracles, targets: list[tuple[float, float, float, int, int, float]], scale: float
) -> None:
    cases = []
    for number, (baseline, actual, target, elapsed, total, slope) in enumerate(targets):
        up = "UP" if target > baseline else "DOWN"
        for variant, k, bonus in (("", 1.0, 1.0), (" scaled", scale, 1.0), (" ahead", 1.0, 1.1 if up == "UP" else 1 / 1.1)):
            cases.append(
                (
                    f"{number}{variant}",
                    baseline * k,
                    actual * bonus * k,
                    target * k,
                    elapsed,
                    total,
                    slope * k,
                    up,
                    None,
                    0,
                    6,
                    None,
                    False,
                )
            )
    schema = ["example", *SHAPE, "direction", "natural_limit", "points_between", "trend_points", "unpaced_because", "has_break"]
    with duckdb.connect() as connection:
        for seed in DECLARED:
            connection.execute(
                f"create table {seed} as from read_csv('{CHECKOUT / 'data' / 'seeds' / seed}.csv', all_varchar = true)"
            )
        frame = pl.DataFrame(cases, schema=schema, orient="row")
        connection.register(
            "progress_cases",
            frame.with_columns(
                pl.col("years_elapsed", "years_total", "natural_limit").cast(pl.Float64),
                pl.col("unpaced_because").cast(pl.String),
            ),
        )
        connection.execute(
            "create or replace table progress_classes as select * replace (lower::double as lower, upper::double as upper, "
            "lower_is_included::boolean as lower_is_included, upper_is_included::boolean as upper_is_included, "
            "score_slope::double as score_slope, score_intercept::double as score_intercept) from progress_classes"
        )
        found = {
            (example, method, quantity): (value, said)
            for example, method, quantity, value, said in connection.execute(oracles.compiled["progress_of_cases"]).fetchall()
        }

    for (example, method, quantity), (value, said) in found.items():
        number, _, variant = example.partition(" ")
        plain, plain_said = found[number, method, quantity]
        if variant == "scaled" and quantity in ("measure", "projected"):
            factor = scale if quantity == "projected" else 1
            assert (value is None) == (plain is None), (example, method)
            assert value is None or value == pytest.approx(plain * factor, rel=1e-6, abs=1e-6 * factor), (example, method)
        if variant == "scaled" and quantity == "undefined_because":
            assert said == plain_said, (example, method)
        if (
            variant == "ahead"
            and quantity == "measure"
            and method in ("LINEAR", "STATCAN_Q", "UNSD_2026", "ESCAP_CSI")
            and None not in (value, plain)
        ):
            assert value >= plain - 1e-9, (example, method)


LEVELS = [(x1, x2, x3) for x1 in (-1, 1) for x2 in (-1, 1) for x3 in (-1, 1)]
OUTCOMES = st.lists(st.lists(st.integers(-50, 50), min_size=8, max_size=8), min_size=10, max_size=30)


@AS_DRAWN
@given(examples=OUTCOMES, scale=st.floats(0.01, 100), shift=st.integers(-9, 9))
def test_shares_of_variance_are_shares_and_do_not_depend_on_units_or_order(
    oracles: Oracles, examples: list[list[int]], scale: float, shift: int
) -> None:
    cases = [
        (f"{number}{variant}", f"run{place}", *LEVELS[place], outcome * factor + added)
        for number, outcomes in enumerate(examples)
        for variant, factor, added, order in (("", 1, 0, 1), (" scaled", scale, shift, 1), (" backwards", 1, 0, -1))
        for place, outcome in list(enumerate(outcomes))[::order]
    ]
    with duckdb.connect() as connection:
        connection.register(
            "sensitivity_cases",
            pl.DataFrame(
                [(*case[:5], float(case[5])) for case in cases],
                schema=["example", "run", "x1", "x2", "x3", "outcome"],
                orient="row",
            ),
        )
        found = {
            (example, factor, quantity): value
            for example, factor, quantity, value in connection.execute(oracles.compiled["sensitivity_of_cases"]).fetchall()
        }

    for number, outcomes in enumerate(examples):
        first = [found[f"{number}", factor, "first_order"] for factor in ("x1", "x2", "x3")]
        total = [found[f"{number}", factor, "total_order"] for factor in ("x1", "x2", "x3")]
        assert (None in first) == (None in total) == (len(set(outcomes)) == 1)
        if None in first:
            continue
        assert all(-1e-12 <= alone <= together + 1e-9 <= 1 + 2e-9 for alone, together in zip(first, total, strict=True))
        assert sum(first) <= 1 + 1e-9 <= sum(total) + 2e-9
        for variant in (" scaled", " backwards"):
            for factor, alone, together in zip(("x1", "x2", "x3"), first, total, strict=True):
                assert found[f"{number}{variant}", factor, "first_order"] == pytest.approx(alone, abs=1e-6)
                assert found[f"{number}{variant}", factor, "total_order"] == pytest.approx(together, abs=1e-6)


@AS_DRAWN
@given(countries=COUNTRIES, scale=st.floats(0.01, 100))
def test_scores_and_dominance_do_not_depend_on_units_or_order(
    oracles: Oracles, countries: list[list[tuple[float, float, str]]], scale: float
) -> None:
    """The figures of two components, in another unit of measurement with their goalposts, and of areas listed backwards."""
    cases = [
        (
            f"{number}{variant}",
            component,
            f"{place:03}",
            round(unit[column], 3) * factor,
            0.0,
            1e4 * factor,
            1 - 2 * column,
            "LINEAR",
            1.0,
        )
        for number, units in enumerate(countries)
        for variant, factor, order in (("", 1.0, 1), (" scaled", scale, 1), (" backwards", 1.0, -1))
        for place, unit in list(enumerate(units))[::order]
        for column, component in enumerate("xy")
    ]
    with duckdb.connect() as connection:
        connection.register(
            "index_cases",
            pl.DataFrame(
                cases,
                schema=["index_code", "component", "ref_area", "value", "low", "high", "direction", "transform", "weight"],
                orient="row",
            ),
        )
        connection.execute(
            f"create table conventions as from read_csv('{CHECKOUT / 'data' / 'seeds' / 'conventions.csv'}', all_varchar = true)"
        )
        found = {tuple(row[:4]): row[4] for row in connection.execute(oracles.compiled["index_of_cases"]).fetchall()}

    for (name, component, area, measure), value in found.items():
        number, _, variant = name.partition(" ")
        plain = found[number, component, area, measure]
        assert (value is None) == (plain is None), (name, component, area, measure)
        if (
            variant
            and value is not None
            and measure in ("goalpost", "arithmetic", "minmax", "zscore", "outranks", "dominant_pairs")
        ):
            assert value == pytest.approx(plain, rel=1e-6, abs=1e-6), (name, component, area, measure)
        if measure in ("goalpost", "minmax") and value is not None:
            assert 0 <= value <= 100, (name, component, area, measure)
