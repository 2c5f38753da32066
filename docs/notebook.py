"""Marsad in a notebook: how regions stand, whether strategies delivered, what contradicts what, and what was known when.

Run it with ``.venv/bin/marimo run docs/notebook.py`` (or ``edit``): it reads the published file, which it never changes.
"""

import marimo

app = marimo.App(width="medium", app_title="Marsad")


@app.cell
def _():
    import duckdb
    import marimo as mo

    from pipelines.settings import Settings

    # The link is resolved once: the notebook stays with this publication, whatever is published meanwhile.
    published = Settings.from_environment().published.resolve()
    warehouse = duckdb.connect(published, read_only=True)

    def ask(sql, **parameters):
        """The answer as a frame; parameters are named in the query with a dollar sign."""
        return warehouse.sql(sql, params=parameters or None).pl()

    def table(frame):
        return mo.ui.table(frame, selection=None, show_column_summaries=False, pagination=frame.height > 15)

    publication = published.parent.name
    mo.md(
        f"# Marsad\n\nPublication `{publication}`. Every figure below is read from it; nothing is computed that a mart does not hold."
    )
    return ask, mo, publication, table


@app.cell
def _(ask, mo):
    counts = ask(
        """
        select indicators.label_en || ' (' || figures.period || ')' as label, figures.definition, figures.period
        from marts.regional_indicators as figures
        inner join reference.indicators on indicators.indicator = figures.indicator
        where figures.breakdown = '_T' and figures.urbanisation = '_T' and figures.rank_per_1000 is not null
        group by all order by label
        """
    )
    choices = {label: (definition, period) for label, definition, period in counts.iter_rows()}
    chosen = mo.ui.dropdown(choices, value="Companies created (2022)", label="Figure")
    mo.vstack(
        [
            mo.md(
                "## How does each region stand?\n\nPer 1,000 people, on the census that the date calls for; the denominator is named."
            ),
            chosen,
        ]
    )
    return (chosen,)


@app.cell
def _(ask, chosen, mo, table):
    regions = ask(
        """
        select rank_per_1000 as rank, area_label_en as region, value::double as value, round(per_1000, 2) as per_1000,
            population::bigint as population, population_on, obs_status as status, publisher, document
        from marts.regional_indicators
        where definition = $definition and period = $period and breakdown = '_T' and urbanisation = '_T'
        order by rank nulls last, region
        """,
        definition=chosen.value[0],
        period=chosen.value[1],
    )
    first = regions.row(0, named=True)
    mo.vstack(
        [
            table(regions),
            mo.md(
                f"**Check:** {first['region']}, {first['value']:,.0f} / {first['population']:,} x 1,000 = {first['per_1000']}."
            ),
        ]
    )
    return (regions,)


@app.cell
def _(ask, mo, table):
    index = ask(
        """
        select arithmetic_rank as rank, area_label_en as region, round(arithmetic_score, 1) as score,
            best_rank || ' to ' || worst_rank as rank_under_every_variant, newest_figure_on as newest_figure
        from marts.regional_digital_index order by rank, region
        """
    )
    mo.vstack(
        [
            mo.md(
                "### The index, and how much of it is choice\n\nRanks under every normalisation, aggregation, set of weights and census."
            ),
            table(index),
            mo.md(
                f"**Check:** first is {index['region'][0]} with {index['score'][0]}, ranked {index['rank_under_every_variant'][0]}."
            ),
        ]
    )
    return (index,)


@app.cell
def _(ask, mo, table):
    strategies = ask(
        """
        select strategy, count(*) as statements,
            count(*) filter (where verdict not in ('NOT_COMPARABLE', 'NOT_MEASURABLE')) as measurable,
            count(*) filter (where verdict in ('MET_ON_TIME', 'MET_LATE', 'ACHIEVED')) as met,
            count(*) filter (where verdict = 'MISSED') as missed,
            count(*) filter (where verdict in ('ON_TRACK', 'OFF_TRACK', 'REVERSING')) as under_way
        from marts.strategy_progress
        where method_code = 'LINEAR' and is_standing
        group by strategy order by statements desc, strategy
        """
    )
    stated, measurable = strategies["statements"].sum(), strategies["measurable"].sum()
    mo.vstack(
        [
            mo.md(
                "## Did each strategy deliver?\n\nStatements of targets that stand, by verdict of the straight path. Most cannot be measured: no figure was published."
            ),
            table(strategies),
            mo.md(f"**Check:** {measurable} of {stated} statements of targets can be measured."),
        ]
    )
    return (strategies,)


@app.cell
def _(ask, mo, table):
    verdicts = ask(
        """
        select strategy, indicator_label_en as promise, due_period as due, target_value::double as target,
            actual_value::double as reached, actual_period as by, verdict, verdict_reason as why
        from marts.strategy_progress
        where method_code = 'LINEAR' and is_standing and verdict not in ('NOT_COMPARABLE', 'NOT_MEASURABLE')
        order by strategy, due, promise
        """
    )
    table(verdicts)
    return


@app.cell
def _(ask, mo, table):
    contradictions = ask(
        """
        select indicator, period, basis, kind, current_value::double as current, current_publisher,
            other_value::double as other, other_publisher, decided_by
        from quality.contradictions order by all
        """
    )
    mo.vstack(
        [
            mo.md("## Who contradicts whom?\n\nBoth statements are kept; `decided_by` is the rule that chose the current one."),
            table(contradictions),
            mo.md(f"**Check:** {contradictions.height} contradictions in this publication."),
        ]
    )
    return (contradictions,)


@app.cell
def _(ask, mo, table):
    revisions = ask(
        """
        select indicator, ref_area, period, publisher, first_value::double as first, last_value::double as last,
            revision::double as revision, round(100 * revision_share, 2) as percent, first_document, last_document
        from quality.revisions order by indicator, period, ref_area
        """
    )
    mo.vstack([mo.md("## What was revised?"), table(revisions), mo.md(f"**Check:** {revisions.height} revised figures.")])
    return (revisions,)


@app.cell
def _(mo):
    day = mo.ui.date(value="2023-11-29", label="As published by the end of")
    mo.vstack(
        [mo.md("## What was public on a day?\n\nCompanies created in 2022, as publishers had them on the day you choose."), day]
    )
    return (day,)


@app.cell
def _(ask, day, mo, table):
    public = ask(
        """
        select ref_area, value::double as companies, publisher, document
        from observations_as_published($day)
        where indicator = 'company_creations' and period = '2022' and ref_area = 'MA' and breakdown = '_T' and is_current
        """,
        day=day.value,
    )
    said = f"{public['companies'][0]:,.0f}" if public.height else "nothing yet"
    mo.vstack([table(public), mo.md(f"**Check:** by {day.value}, {said}; the marts have the revised figure.")])
    return (public,)


@app.cell
def _(ask, chosen, mo, regions, table):
    statements = ask(
        """
        select lineage.role, said.indicator, said.time_period as period, said.obs_value, said.unit_mult, said.publisher, said.document,
            said.dataset || '/' || said.release || ' row ' || said.release_row as carried_by
        from marts.regional_indicators as figures
        inner join quality.lineage on lineage.mart = 'regional_indicators' and lineage.row_key = figures.row_key
        inner join quality.lineage_rules as rules
            on rules.mart = lineage.mart and rules.column_name = 'per_1000' and rules.rests_on = lineage.role
        inner join staging.stg_observations as said on said.observation_id = lineage.source_id
        where figures.definition = $definition and figures.period = $period and figures.area_label_en = $region
            and figures.breakdown = '_T' and figures.urbanisation = '_T'
        order by lineage.role desc
        """,
        definition=chosen.value[0],
        period=chosen.value[1],
        region=regions["region"][0],
    )
    mo.vstack(
        [
            mo.md(
                f"## Where does it come from?\n\nThe statements behind the figure per 1,000 people of {regions['region'][0]}, above."
            ),
            table(statements),
            mo.md(f"**Check:** {statements.height} statements: the figure and the census that it is divided by."),
        ]
    )
    return (statements,)


if __name__ == "__main__":
    app.run()
