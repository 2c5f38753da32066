with targets as (
    select * from {{ ref('strategy_targets') }}
),

alternatives as (
    select target_id, {{ joined('named') }} as named from {{ ref('int_target_alternatives') }} group by target_id
),

judged as (
    select
        verdicts.*,
        alternatives.named as alternatives_named,
        coalesce(verdicts.verdict, case when alternatives.target_id is not null and not {{ states_no_number() }} then 'NOT_COMPARABLE' else 'NOT_MEASURABLE' end) as final_verdict,
        {{ states_no_number() }} as states_no_number,
        verdicts.actual_is_exact and verdicts.target_lower = verdicts.target_upper
        and verdicts.baseline_lower = verdicts.baseline_upper as is_all_exact,
        {{ evaluation_date() }} as evaluated_on
    from {{ ref('int_target_verdicts') }} as verdicts
    left join alternatives on alternatives.target_id = verdicts.target_id
    where verdicts.known_as_of = 'NOW'
),

at_due as (
    select *, coalesce(verdict, 'NOT_MEASURABLE') as verdict_then from {{ ref('int_target_verdicts') }} where known_as_of = 'DUE_DATE'
),

paced as (
    select
        judged.*, methods.method_code, methods.unclassified_because,
        methods.worst_measure, methods.best_measure, methods.worst_class_score, methods.worst_projected,
        methods.worst_class_code, methods.best_class_code, methods.worst_method_verdict, methods.best_method_verdict,
        {{ method_verdict() }} as method_verdict,
        case when judged.is_all_exact and judged.is_paced
            then {{ share('judged.actual_value - judged.baseline_value', 'judged.months_elapsed / 12') }}
        end as observed_pace,
        case when judged.actual_is_exact and judged.target_lower = judged.target_upper and not judged.is_due and judged.is_paced
            then {{ share('judged.target_value - judged.actual_value', '(judged.months_total - judged.months_elapsed) / 12') }}
        end as required_pace
    from judged
    inner join {{ ref('int_target_methods') }} as methods on methods.target_id = judged.target_id
),

-- A reading without a target answers another question and does not disagree with the others.
answers as (
    select
        target_id, {{ joined("method_code || ' ' || method_verdict") }} as verdicts_by_method,
        case when count(*) > 1 then
            count(distinct worst_method_verdict in ('ACHIEVED', 'ON_TRACK')) > 1 or count(distinct best_method_verdict in ('ACHIEVED', 'ON_TRACK')) > 1
        end as methods_disagree
    from paced
    where not is_due and is_paced and not {{ reads_trend_alone('method_code') }}
        and method_verdict in ('ACHIEVED', 'ON_TRACK', 'OFF_TRACK', 'REVERSING', 'INDETERMINATE')
    group by target_id
),

final as (
    select
        targets.target_id, paced.method_code,
        targets.strategy, targets.strategy_label_fr, targets.strategy_label_ar, targets.strategy_label_en,
        targets.indicator, targets.indicator_label_fr, targets.indicator_label_ar, targets.indicator_label_en, targets.domain, targets.definition,
        targets.ref_area, targets.area_label_fr, targets.area_label_ar, targets.area_label_en,
        targets.urbanisation, targets.breakdown, targets.statement_type, targets.direction, targets.target_status, targets.is_standing,
        targets.promise, targets.promise_relation, paced.pace,
        targets.value as target_value, targets.bound as target_bound, targets.value_lower as target_lower, targets.value_upper as target_upper,
        targets.unit_measure, targets.due_period, targets.due_on, paced.evaluated_on, coalesce(paced.is_due, false) as is_due,
        targets.baseline as stated_baseline, targets.baseline_period as stated_baseline_period,
        paced.observed_baseline, paced.observed_baseline_period, paced.observed_baseline_bound,
        targets.baseline - paced.observed_baseline as baseline_difference,
        paced.baseline_used, paced.baseline_value, paced.measured_from,
        paced.actual_value, paced.actual_bound, paced.actual_lower, paced.actual_upper,
        paced.actual_period, paced.actual_on, paced.basis as actual_basis, paced.counted_as, paced.actual_publisher, paced.actual_document,
        case when paced.is_all_exact then paced.progress_share_low end as progress_share,
        paced.progress_share_low, paced.progress_share_high,
        {{ share('paced.months_elapsed', 'paced.months_total') }} as elapsed_share_at_actual,
        {{ share(calendar_months('paced.evaluated_on') ~ ' - ' ~ calendar_months('paced.measured_from'), 'paced.months_total') }} as elapsed_share_at_evaluation,
        paced.observed_pace, paced.required_pace,
        case when paced.is_all_exact then paced.worst_measure end as measure,
        paced.worst_measure as measure_worst, paced.best_measure as measure_best,
        case when paced.is_all_exact then paced.worst_class_score end as score,
        -- Closed targets have their answer: nothing is projected.
        case when paced.is_all_exact and not paced.is_due then paced.worst_projected end as projected_value,
        case when paced.worst_class_code = paced.best_class_code then paced.worst_class_code end as class_code,
        paced.worst_class_code as class_worst, paced.best_class_code as class_best, paced.unclassified_because,
        paced.met_state, paced.met_later_on, case when paced.final_verdict = 'MET_LATE' then paced.met_later_on end as reached_late_at,
        paced.method_verdict as verdict, paced.worst_method_verdict as worst_verdict, paced.best_method_verdict as best_verdict,
        {{ verdict_reason() }} as verdict_reason,
        answers.methods_disagree, answers.verdicts_by_method,
        at_due.verdict_then as verdict_at_due, at_due.actual_value as known_at_due_value, at_due.actual_period as known_at_due_period,
        at_due.actual_bound as known_at_due_bound,
        paced.alternatives_named as not_comparable_figures,
        paced.actual_observation_id, paced.observed_baseline_observation_id, at_due.actual_observation_id as known_at_due_observation_id
    from targets
    inner join paced on paced.target_id = targets.target_id
    left join answers on answers.target_id = targets.target_id
    left join at_due on at_due.target_id = targets.target_id
)

select * from final
