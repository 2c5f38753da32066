{{ config(meta={'dagster': {'ref': {'name': 'strategy_progress'}}}) }}
-- A target is held only against figures of its own definition, area and part, after its baseline (a place: not before it) and not after the day of
-- evaluation; open and closed targets have verdicts of their kind; the scorecard counts every standing target once.
with judged as (
    select
        progress.*, actual.definition as actual_definition, actual.ref_area as actual_area, actual.urbanisation as actual_urbanisation,
        actual.breakdown as actual_breakdown, actual.period_end as actual_end
    from {{ ref('strategy_progress') }} as progress
    left join {{ ref('stg_observations') }} as actual on actual.observation_id = progress.actual_observation_id
)

select target_id, verdict, 'compared with another definition, area, part or time' as broken
from judged
where actual_observation_id is not null and (
    actual_definition <> definition or actual_area <> ref_area or actual_urbanisation <> urbanisation
    or actual_breakdown <> breakdown or actual_end > evaluated_on
    or actual_end < measured_from or (actual_end = measured_from and pace <> 'ORDINAL')
)
union all
select target_id, verdict, 'verdict of the other kind'
from judged
where (is_due and verdict in ('ACHIEVED', 'ON_TRACK', 'OFF_TRACK', 'REVERSING', 'NO_BASELINE', 'NOT_REACHED'))
    or (not is_due and verdict in ('MET_ON_TIME', 'MET_LATE', 'MISSED'))
    or (actual_observation_id is null) <> coalesce(verdict in ('NOT_COMPARABLE', 'NOT_MEASURABLE'), false)
union all
select target_id, method_code, 'no verdict and no reason'
from judged
where verdict is null and unclassified_because is null
union all
select target_id, method_code, 'a pace, a growth or a class for what has none'
from judged
where pace <> 'PACED' and (progress_share_high is not null or observed_pace is not null or required_pace is not null
    or measure_worst is not null or measure_best is not null or projected_value is not null or class_worst is not null)
union all
select target_id, method_code, 'computed from a bound as if exact'
from judged
where (actual_bound <> 'EQ' or target_lower <> target_upper)
    and (measure is not null or score is not null or progress_share is not null or projected_value is not null)
union all
select target_id, later_target_id, 'a chain that comes back'
from {{ ref('strategy_target_chains') }}
where target_id = later_target_id
union all
select strategy, axis, 'counts do not add up'
from {{ ref('strategy_scorecard') }}
where promises <> achieved + on_track + off_track + reversing + not_reached + met_on_time + met_late + missed + indeterminate
    + not_comparable + not_measurable + no_baseline + not_classified
    or promises > targets or measured <> promises - not_comparable - not_measurable
