-- Each target classified at the worst and at the best end of what its statements allow.
with measures as (
    select
        measures.*, targets.direction, targets.due_on, targets.statement_type,
        targets.value as target_value, targets.value_lower as target_lower, targets.value_upper as target_upper,
        targets.direction = 'UP' as is_up, shapes.pace, shapes.ceiling, shapes.pace = 'PACED' as is_paced,
        {{ calendar_months('measures.actual_on') }} - {{ calendar_months('measures.measured_from') }} as months_elapsed,
        {{ calendar_months('targets.due_on') }} - {{ calendar_months('measures.measured_from') }} as months_total
    from {{ ref('int_target_measures') }} as measures
    inner join {{ ref('stg_targets') }} as targets on targets.target_id = measures.target_id
    inner join {{ ref('int_target_shapes') }} as shapes on shapes.target_id = measures.target_id
),

ends as (
    select
        *,
        case when is_up then actual_lower else actual_upper end as worst_actual,
        case when is_up then actual_upper else actual_lower end as best_actual,
        case when is_up then target_upper else target_lower end as hardest_target,
        case when is_up then target_lower else target_upper end as easiest_target,
        case when is_up then baseline_upper else baseline_lower end as worst_baseline,
        case when is_up then baseline_lower else baseline_upper end as best_baseline
    from measures
),

classified as (
    select
        *,
        {{ linear_verdict("met_state = 'MET'", 'worst_actual', 'worst_baseline', 'hardest_target', 'direction', 'months_elapsed', 'coalesce(months_total, case when due_on is not null then 0 end)', 'is_paced') }} as worst_verdict,
        {{ linear_verdict("met_state <> 'UNMET'", 'best_actual', 'best_baseline', 'easiest_target', 'direction', 'months_elapsed', 'coalesce(months_total, case when due_on is not null then 0 end)', 'is_paced') }} as best_verdict
    from ends
),

final as (
    select
        *,
        case
            when actual_observation_id is null or {{ states_no_number() }} then null
            when is_due then {{ closed_verdict('basis', 'met_state', 'met_later_on') }}
            when worst_verdict = 'NO_DUE_DATE' then 'INDETERMINATE'
            when worst_verdict = best_verdict then worst_verdict
            else 'INDETERMINATE'
        end as verdict,
        {{ progress_share('worst_actual', 'worst_baseline', 'hardest_target') }} as progress_share_low,
        {{ progress_share('best_actual', 'best_baseline', 'easiest_target') }} as progress_share_high
    from classified
)

select * from final
