{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook="{{ forget_touched('pair') }}") }}
with pairs as (
    select
        series.*, earlier.period as previous_period, earlier.period_end as previous_period_end,
        earlier.units_found as previous_units_found,
        {{ years_between('earlier.period_end', 'series.period_end') }} as years,
        case
            when series.has_break then 'BREAK'
            when not (series.is_complete and earlier.is_complete) then 'INCOMPLETE_COVERAGE'
        end as blocked_because
    from {{ touched(ref('int_compared_series'), 'pair') }} as series
    inner join {{ ref('int_compared_series') }} as earlier on earlier.series_key = series.previous_series_key
),

units as (
    select
        pairs.series_key, pairs.years, later.ref_area, earlier.rate as before, later.rate as after
    from pairs
    inner join {{ ref('int_compared_units') }} as later on later.series_key = pairs.series_key
    inner join {{ ref('int_compared_units') }} as earlier
        on earlier.series_key = pairs.previous_series_key and earlier.ref_area = later.ref_area
),

regressed as (
    select
        series_key, count(*) filter (where before is not null and after is not null) as units_in_both, min(least(before, after)) as lowest, min(before) = max(before) as starts_equal,
        {{ sigma_of_logs('before') }} as sigma_logs_before, {{ sigma_of_logs('after') }} as sigma_logs_after,
        {{ sigma_cv('before') }} as sigma_cv_before, {{ sigma_cv('after') }} as sigma_cv_after,
        {{ delta_distance('before') }} as delta_before, {{ delta_distance('after') }} as delta_after,
        {{ beta_regression('regr_slope', 'before', 'after', 'years') }} as beta_slope,
        {{ beta_regression('regr_intercept', 'before', 'after', 'years') }} as beta_intercept,
        {{ beta_regression('regr_r2', 'before', 'after', 'years') }} as beta_r2
    from units
    group by series_key
),

measured as (
    select
        pairs.*,
        coalesce(regressed.units_in_both, 0) as units_in_both, regressed.lowest, regressed.starts_equal,
        regressed.sigma_logs_before, regressed.sigma_logs_after, regressed.sigma_cv_before, regressed.sigma_cv_after,
        regressed.delta_before, regressed.delta_after, regressed.beta_slope, regressed.beta_intercept, regressed.beta_r2,
        {{ convergence_speed('regressed.beta_slope', 'pairs.years') }} as beta_speed,
        coalesce(pairs.blocked_because, case
            when regressed.units_in_both < pairs.units_found or regressed.units_in_both < pairs.previous_units_found then 'UNITS_DIFFER'
        end) as undefined_because
    from pairs
    left join regressed on regressed.series_key = pairs.series_key
),

final as (
    select
        measured.series_key as row_key,
        measured.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        indicators.domain, measured.definition, measured.unit_level, measured.geo_version, measured.urbanisation, measured.breakdown, measured.basis,
        measured.unit_measure,
        measured.previous_period as period_from, measured.period as period_to, measured.previous_period_end as from_on, measured.period_end as to_on,
        measured.years,
        {%- for column in [
            'sigma_logs_before', 'sigma_logs_after', 'sigma_cv_before', 'sigma_cv_after', 'beta_slope', 'beta_intercept', 'beta_r2', 'beta_speed',
        ] %}
        case when measured.undefined_because is null then measured.{{ column }} end as {{ column }},
        {%- endfor %}
        case when measured.undefined_because is null then {{ half_life('measured.beta_speed') }} end as half_life,
        case when measured.undefined_because is null then measured.delta_before end as delta_before,
        case when measured.undefined_because is null then measured.delta_after end as delta_after,
        {{ reasons([
            ("every measure", "measured.undefined_because is not null", "measured.undefined_because"),
            ("logs", "measured.undefined_because is null and measured.lowest < 0", "'NEGATIVE_VALUE'"),
            ("logs", "measured.undefined_because is null and measured.lowest = 0", "'ZERO_VALUE'"),
            ("beta", "measured.undefined_because is null and measured.units_in_both < 3", "'TOO_FEW_UNITS'"),
            ("beta", "measured.undefined_because is null and measured.starts_equal", "'ALL_EQUAL'"),
            ("half_life", "measured.undefined_because is null and measured.beta_slope >= 0", "'DIVERGENCE'"),
        ]) }} as undefined_because,
        cast(measured.units_in_both as integer) as units_in_both, cast(measured.units_expected as integer) as units_expected,
        measured.obs_status, measured.series_key, measured.previous_series_key
    from measured
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = measured.indicator
)

select * from final
