-- The exact figures that a forecast of a target is fitted to: of its own cell, counted one way, since the last break in the series.
with figures as (
    select
        actuals.*, statements.cell_id, statements.published_not_after, targets.due_on,
        row_number() over (partition by actuals.target_id order by actuals.period_end desc, actuals.observation_id asc) as from_last
    from {{ ref('int_target_actuals') }} as actuals
    inner join {{ ref('stg_targets') }} as targets on targets.target_id = actuals.target_id
    inner join {{ ref('stg_observations') }} as statements on statements.observation_id = actuals.observation_id
    where actuals.known_as_of = 'NOW' and actuals.is_exact
),

latest as (
    select
        target_id, max(counted_as) filter (where from_last = 1) as counted_as, max(period_end) filter (where obs_status = 'B') as broken_on
    from figures
    group by target_id
),

final as (
    select
        figures.target_id, figures.observation_id, figures.cell_id, figures.period, figures.period_end, figures.due_on,
        figures.published_not_after, {{ years_of('figures.period_end') }} as at_time, {{ years_of('figures.due_on') }} as due_time,
        cast(figures.value as double) as value,
        row_number() over (partition by figures.target_id order by figures.period_end desc) as place
    from figures
    inner join latest on latest.target_id = figures.target_id and latest.counted_as = figures.counted_as
    where latest.broken_on is null or figures.period_end >= latest.broken_on
)

select * from final
