-- Observed figures that may be held against a target: same definition, area, urbanisation and breakdown, counted over the
-- same stretch of time, after the baseline. Whether each meets the target, at the worst and at the best end of what the
-- two statements allow (a promise without a number is neither met nor unmet). With what is known now and, for a target that is due, with what had been published by its due date.
with targets as (
    {{ targets_counted_from() }}
),

known as (
    select {{ actual_columns() }}, 'NOW' as known_as_of, cast(null as date) as known_on from {{ ref('int_current_observations') }}
    union all
    select {{ actual_columns() }}, 'DUE_DATE' as known_as_of, known_on from {{ ref('int_observations_at_due') }}
),

observed as (
    select *, {{ is_one_year('period_start', 'period_end') }} as is_one_year
    from known
    where has_value and period_end <= {{ evaluation_date() }}
),

same_cell as (
    select
        targets.target_id, targets.direction, targets.freq_class, targets.statement_type, targets.counted_from, targets.baseline_on,
        targets.value_lower as target_lower, targets.value_upper as target_upper,
        observed.*
    from targets
    inner join observed
        on observed.definition = targets.definition and observed.ref_area = targets.ref_area
        and observed.urbanisation = targets.urbanisation and observed.breakdown = targets.breakdown
        and observed.unit_measure = targets.unit_measure
    where observed.known_on is null or observed.known_on = targets.due_on
),

comparable as (
    select
        *,
        case
            when freq_class = 'STOCK' and statement_type <> 'INCREMENT' then 'STOCK'
            when freq_class = 'FLOW' and flow = 'CUM_SINCE' and period_start = counted_from then 'CUMULATED'
            when freq_class = 'FLOW' and is_one_year and statement_type <> 'INCREMENT' then 'ONE_YEAR'
        end as counted_as
    from same_cell
),

ends as (
    select
        *,
        case when direction = 'UP' then value_lower else value_upper end as worst,
        case when direction = 'UP' then value_upper else value_lower end as best,
        case when direction = 'UP' then target_upper else target_lower end as hardest,
        case when direction = 'UP' then target_lower else target_upper end as easiest
    from comparable
    where counted_as is not null
),

final as (
    select
        target_id, known_as_of, counted_from, counted_as, obs_status,
        observation_id, period, period_start, period_end, value, value_lower, value_upper, bound, is_exact, publisher, document,
        -- A place is reached or not, and has no pace: the one that a target starts from can be held against it.
        (counted_from is null or period_end >= counted_from or coalesce(statement_type = 'RANK' and period_end = baseline_on, false)) as is_after_baseline,
        case
            when hardest is null and easiest is null then null
            when {{ reaches('worst', 'hardest', 'direction') }} then 'MET'
            -- An end without a limit reaches everything; an open end does not reach its own limit.
            when best is null or {{ reaches('best', 'easiest', 'direction', 'ends_are_open') }} then 'OPEN'
            else 'UNMET'
        end as met_state
    from ends
)

select * from final
