-- For each target: the baseline it is measured from, and the one actual it is judged by; for one that is due also with what
-- had been published by then.
with targets as (
    select targets.*, strategies.period_start as strategy_start, targets.due_on <= {{ evaluation_date() }} as is_due
    from {{ ref('stg_targets') }} as targets
    inner join {{ ref('strategies') }} as strategies on strategies.strategy = targets.strategy
),

asked as (
    select *, 'NOW' as known_as_of from targets
    union all
    select *, 'DUE_DATE' as known_as_of from targets where is_due
),

actuals as (
    select
        actuals.*,
        case
            when not targets.is_due or targets.is_due is null then 'LATEST'
            when actuals.period_end = targets.due_on then 'AT_DUE'
            when actuals.period_end < targets.due_on then 'BEFORE_DUE'
            else 'AFTER_DUE'
        end as basis
    from {{ ref('int_target_actuals') }} as actuals
    inner join targets on targets.target_id = actuals.target_id
    where actuals.is_after_baseline and (actuals.known_as_of = 'NOW' or actuals.period_end <= targets.due_on)
),

followed as (
    select *, min_by(met_state, period_end) filter (where basis = 'AFTER_DUE') over (partition by target_id, known_as_of) as state_after
    from actuals
),

-- A closed target is judged at its due date; failing that, by having been reached before it, unless the first later figure says that it
-- was lost again (what has been counted up is not lost); failing that, by the first later figure; failing that, by the last
-- earlier one. An open target is judged by its latest figure.
preferred as (
    select
        *,
        row_number() over (
            partition by target_id, known_as_of
            order by
                case
                    when basis in ('LATEST', 'AT_DUE') then 1
                    when basis = 'BEFORE_DUE' and met_state = 'MET' and (counted_as = 'CUMULATED' or state_after is distinct from 'UNMET') then 2
                    when basis = 'AFTER_DUE' then 3
                    else 4
                end asc,
                case when basis = 'AFTER_DUE' then period_end end asc,
                period_end desc,
                observation_id asc
        ) as place,
        min(period_end) filter (where met_state = 'MET' and basis = 'AFTER_DUE') over (partition by target_id, known_as_of) as met_later_on,
        bool_or(basis = 'AFTER_DUE') over (partition by target_id, known_as_of) as is_followed
    from followed
),

observed_baselines as (
    select actuals.target_id, actuals.known_as_of, max_by(actuals.observation_id, actuals.period_end) as observation_id
    from targets
    inner join {{ ref('int_target_actuals') }} as actuals on actuals.target_id = targets.target_id
    where actuals.counted_as <> 'CUMULATED'
        and case when targets.baseline_on is not null then actuals.period_end = targets.baseline_on else not actuals.is_after_baseline end
    group by actuals.target_id, actuals.known_as_of
),

final as (
    select
        targets.target_id, targets.known_as_of, targets.is_due, targets.strategy_start,
        preferred.basis, preferred.counted_as, preferred.counted_from, preferred.met_state, preferred.met_later_on, preferred.is_followed,
        preferred.observation_id as actual_observation_id, preferred.period as actual_period, preferred.period_end as actual_on,
        preferred.value as actual_value, preferred.value_lower as actual_lower, preferred.value_upper as actual_upper,
        preferred.bound as actual_bound, preferred.is_exact as actual_is_exact,
        preferred.publisher as actual_publisher, preferred.document as actual_document,
        base.observation_id as observed_baseline_observation_id, base.value as observed_baseline, base.period as observed_baseline_period,
        base.period_end as observed_baseline_on, base.bound as observed_baseline_bound,
        case
            when preferred.counted_as = 'CUMULATED' then 'COUNTED_FROM_ZERO'
            when targets.baseline is not null and targets.baseline_on is not null then 'STATED'
            when base.observation_id is not null then 'OBSERVED'
            else 'NONE'
        end as baseline_used,
        case
            when preferred.counted_as = 'CUMULATED' then {{ days_after('preferred.counted_from', -1) }}
            when targets.baseline is not null and targets.baseline_on is not null then targets.baseline_on
            else base.period_end
        end as measured_from,
        {{ baseline_end('targets.baseline', 'base.value') }} as baseline_value,
        {{ baseline_end('targets.baseline_lower', 'base.value_lower') }} as baseline_lower,
        {{ baseline_end('targets.baseline_upper', 'base.value_upper') }} as baseline_upper
    from asked as targets
    left join preferred
        on preferred.target_id = targets.target_id and preferred.known_as_of = targets.known_as_of and preferred.place = 1
    left join observed_baselines
        on observed_baselines.target_id = targets.target_id and observed_baselines.known_as_of = targets.known_as_of
    left join {{ ref('int_target_actuals') }} as base
        on base.target_id = targets.target_id and base.known_as_of = targets.known_as_of
        and base.observation_id = observed_baselines.observation_id
)

select * from final
