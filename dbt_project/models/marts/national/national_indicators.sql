with revised as (
    select cell_id from {{ ref('revisions') }} group by cell_id
),

cells as (
    select
        cells.*, revised.cell_id is not null as is_revised, {{ rounding_error('cells.decimals', 'cells.unit_mult') }} as rounding
    from {{ ref('int_current_observations') }} as cells
    inner join {{ ref('areas') }} as areas on areas.ref_area = cells.ref_area
    left join revised on revised.cell_id = cells.cell_id
    where areas.level = 'country'
),

placed as (
    select
        *,
        -- Of what is counted over time a year goes before a part of one and before several together; else of one end the longest.
        has_value and period_end is not null and row_number() over (
            partition by definition, urbanisation, breakdown
            order by
                has_value desc,
                case when freq_class = 'FLOW' and {{ is_one_year('period_start', 'period_end') }} then 0 else 1 end asc,
                period_end desc nulls last, period_start asc, period_key asc
        ) = 1 as is_latest,
        -- The months that a period covers within its year: figures of other months are another season.
        case when freq_class = 'FLOW' then {{ month_day('period_start') }} || '/' else '' end || {{ month_day('period_end') }} as season,
        extract(year from period_end) - extract(year from period_start) as years_covered,
        {{ mixes_vintages('is_revised', 'definition, urbanisation, period_key') }} and has_value as mixes_vintages
    from cells
),

followed as (
    select
        *,
        lag(observation_id) over same_season as previous_observation_id,
        lag(period) over same_season as previous_period,
        lag(period_end) over same_season as previous_period_end,
        lag(value) over same_season as previous_value,
        lag(is_exact) over same_season as previous_is_exact,
        lag(obs_status) over same_season as previous_obs_status,
        lag(rounding) over same_season as previous_rounding,
        lag(mixes_vintages) over same_season as previous_mixes_vintages,
        obs_status = 'B' as is_break
    from placed
    window same_season as (
        partition by definition, urbanisation, breakdown, season, years_covered, has_value order by period_end
    )
),

-- Across a break a figure is held against the one before it in the old method's terms, or not at all: y_new x y_old(t)/y_new(t)
-- is y_old(t) at the break t itself, which a link declares.
linked as (
    select
        followed.*, units.additive,
        case when followed.is_break then links.pre_break_value else followed.value end as comparable_value
    from followed
    inner join {{ ref('units') }} as units on units.unit_measure = followed.unit_measure
    left join {{ ref('break_links') }} as links
        on links.definition = followed.definition and links.ref_area = followed.ref_area and links.urbanisation = followed.urbanisation
        and links.breakdown = followed.breakdown and links.period = followed.period
),

changed as (
    select *, is_exact and previous_is_exact and season is not null and comparable_value is not null as is_comparable
    from linked
),

final as (
    select
        {{ row_key(['changed.definition', 'changed.urbanisation', 'changed.breakdown', 'changed.period_key']) }} as row_key,
        changed.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        indicators.domain, changed.definition,
        changed.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en, changed.geo_version,
        changed.urbanisation, changed.breakdown, changed.period, changed.period_start, changed.period_end,
        coalesce(changed.is_latest, false) as is_latest,
        changed.value, changed.unit_measure, changed.bound, changed.value_lower, changed.value_upper, changed.tolerance,
        case when changed.has_value then 'REPORTED' else 'NOT_REPORTED' end as status, changed.obs_status, changed.flow,
        changed.mixes_vintages,
        case when changed.is_comparable then changed.previous_period end as previous_period,
        case when changed.is_comparable then changed.previous_value end as previous_value,
        case when changed.is_comparable then {{ years_between('changed.previous_period_end', 'changed.period_end') }} end as previous_gap_years,
        case when changed.is_comparable then changed.comparable_value - changed.previous_value end as change,
        case when changed.is_comparable and changed.additive then {{ share('changed.comparable_value - changed.previous_value', 'changed.previous_value') }} end as change_share,
        case when changed.is_comparable then changed.rounding + changed.previous_rounding end as change_tolerance,
        case when changed.is_comparable then changed.mixes_vintages or changed.previous_mixes_vintages end as change_mixes_vintages,
        case
            when changed.is_comparable and changed.is_break then 'D'
            when changed.is_comparable then {{ weakest_status('changed.obs_status', 'changed.previous_obs_status') }}
        end as change_status,
        {{ reasons([
            ("value", "not changed.has_value", "'no value was published for this cell'"),
            ("change", "changed.has_value and (changed.previous_observation_id is null or changed.season is null)", "'no earlier figure of the same months under this definition'"),
            ("change", "changed.previous_observation_id is not null and changed.is_exact and changed.previous_is_exact and changed.comparable_value is null", "'a break in the series, and no figure of it by the method before'"),
            ("change", "changed.season is not null and changed.previous_observation_id is not null and not (changed.is_exact and changed.previous_is_exact)", "'a bound on one side: no exact difference'"),
            ("change_share", "changed.is_comparable and not changed.additive", "'a rate, rank or index: the change is in points'"),
        ]) }} as undefined_because,
        changed.dataset, changed.publisher, changed.document, changed.correction, changed.comment, changed.decided_by, cast(changed.statements as integer) as statements,
        changed.cell_id, changed.observation_id, case when changed.is_comparable then changed.previous_observation_id end as previous_observation_id
    from changed
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = changed.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = changed.ref_area
)

select * from final
