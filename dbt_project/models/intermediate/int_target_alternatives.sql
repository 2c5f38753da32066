-- Figures of a target's indicator and area, since its baseline, that may not be held against it: another definition,
-- another part, or another stretch of time: one row each. What a verdict of NOT_COMPARABLE names.
with targets as (
    {{ targets_counted_from() }}
),

final as (
    select
        targets.target_id, observed.observation_id,
        observed.definition
        || case when observed.urbanisation <> targets.urbanisation then ' ' || observed.urbanisation else '' end
        || case when observed.breakdown <> targets.breakdown then ' ' || observed.breakdown else '' end
        || ' (' || observed.period || ')' as named
    from targets
    inner join {{ ref('int_current_observations') }} as observed
        on observed.indicator = targets.indicator and observed.ref_area = targets.ref_area
    left join {{ ref('int_target_actuals') }} as actuals
        on actuals.target_id = targets.target_id and actuals.observation_id = observed.observation_id
    where actuals.observation_id is null and observed.has_value
        and observed.period_end <= {{ evaluation_date() }}
        and (targets.counted_from is null or observed.period_end >= targets.counted_from)
)

select * from final
