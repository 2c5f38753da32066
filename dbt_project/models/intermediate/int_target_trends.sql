-- For each target with a figure: what the series between baseline and figure looks like, and its latest run of yearly figures.
with measures as (
    select *, {{ calendar_months('actual_on') }} as actual_months from {{ ref('int_target_measures') }}
    where known_as_of = 'NOW' and actual_observation_id is not null
),

series as (
    select
        measures.target_id, measures.measured_from, measures.actual_on, actuals.period_end, actuals.value, actuals.is_exact, actuals.obs_status,
        (measures.actual_months - {{ calendar_months('actuals.period_end') }}) / 12 as years_before
    from measures
    inner join {{ ref('int_target_actuals') }} as actuals
        on actuals.target_id = measures.target_id and actuals.known_as_of = 'NOW'
        and actuals.counted_as = measures.counted_as and actuals.period_end <= measures.actual_on
),

yearly as (
    select
        target_id, value, cast(years_before as integer) as years_before,
        row_number() over (partition by target_id order by years_before) - 1 as place
    from series
    where is_exact and years_before = floor(years_before) and years_before < {{ convention('nsdp_most_points') }}
),

-- An unbroken run: the figure itself, that of a year before, and so on.
runs as (
    select
        target_id, count(*) as trend_points,
        {{ share('arg_min(value, years_before) - arg_max(value, years_before)', 'max(years_before)') }} as trend_slope
    from yearly
    where place = years_before
    group by target_id
),

between_ends as (
    select
        target_id,
        count(*) filter (where period_end > measured_from and period_end < actual_on) as points_between,
        bool_or(obs_status = 'B' and (measured_from is null or period_end > measured_from)) as has_break
    from series
    group by target_id
),

final as (
    select
        between_ends.target_id, cast(between_ends.points_between as integer) as points_between, between_ends.has_break,
        cast(coalesce(runs.trend_points, 0) as integer) as trend_points, runs.trend_slope
    from between_ends
    left join runs on runs.target_id = between_ends.target_id
)

select * from final
