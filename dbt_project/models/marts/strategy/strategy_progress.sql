with targets as (
    select * from {{ ref('strategy_targets') }}
),

judged as (
    select
        verdicts.*,
        alternatives.named as alternatives_named,
        coalesce(verdicts.verdict, case when alternatives.target_id is not null then 'NOT_COMPARABLE' else 'NOT_MEASURABLE' end) as final_verdict,
        verdicts.actual_is_exact and verdicts.target_lower = verdicts.target_upper
        and verdicts.baseline_lower = verdicts.baseline_upper as is_all_exact,
        {{ evaluation_date() }} as evaluated_on
    from {{ ref('int_target_verdicts') }} as verdicts
    left join {{ ref('int_target_alternatives') }} as alternatives on alternatives.target_id = verdicts.target_id
),

paced as (
    select
        *,
        case when is_all_exact then {{ share('actual_value - baseline_value', 'months_elapsed / 12') }} end as observed_pace,
        case when actual_is_exact and target_lower = target_upper and not is_due
            then {{ share('target_value - actual_value', '(months_total - months_elapsed) / 12') }} end as required_pace
    from judged
),

final as (
    select
        targets.target_id, 'LINEAR' as method_code,
        targets.strategy, targets.strategy_label_fr, targets.strategy_label_ar, targets.strategy_label_en,
        targets.indicator, targets.indicator_label_fr, targets.indicator_label_ar, targets.indicator_label_en, targets.domain, targets.definition,
        targets.ref_area, targets.area_label_fr, targets.area_label_ar, targets.area_label_en,
        targets.urbanisation, targets.breakdown, targets.statement_type, targets.direction, targets.target_status, targets.is_standing,
        targets.value as target_value, targets.bound as target_bound, targets.value_lower as target_lower, targets.value_upper as target_upper,
        targets.unit_measure, targets.due_period, targets.due_on, paced.evaluated_on, coalesce(paced.is_due, false) as is_due,
        targets.baseline as stated_baseline, targets.baseline_period as stated_baseline_period,
        paced.observed_baseline, paced.observed_baseline_period, paced.observed_baseline_bound,
        targets.baseline - paced.observed_baseline as baseline_difference,
        paced.baseline_used, paced.baseline_value, paced.measured_from,
        paced.actual_value, paced.actual_bound, paced.actual_lower, paced.actual_upper,
        paced.actual_period, paced.actual_on, paced.basis as actual_basis, paced.counted_as, paced.actual_publisher, paced.actual_document,
        case when paced.is_all_exact then {{ share(signed('paced.actual_value - paced.baseline_value', 'paced.direction'), signed('paced.target_value - paced.baseline_value', 'paced.direction')) }} end as progress_share,
        paced.progress_share_low, paced.progress_share_high,
        {{ share('paced.months_elapsed', 'paced.months_total') }} as elapsed_share_at_actual,
        {{ share(calendar_months('paced.evaluated_on') ~ ' - ' ~ calendar_months('paced.measured_from'), 'paced.months_total') }} as elapsed_share_at_evaluation,
        paced.observed_pace, paced.required_pace,
        -- Ranks are ordinal and closed targets have their answer: neither is projected.
        case when targets.statement_type <> 'RANK' and not paced.is_due
            then cast(paced.actual_value as double) + paced.observed_pace * cast(paced.months_total - paced.months_elapsed as double) / 12
        end as projected_value,
        paced.met_state, paced.met_later_on, paced.final_verdict as verdict, paced.worst_verdict, paced.best_verdict,
        {{ verdict_reason() }} as verdict_reason,
        paced.alternatives_named as not_comparable_figures,
        paced.actual_observation_id, paced.observed_baseline_observation_id
    from targets
    inner join paced on paced.target_id = targets.target_id
)

select * from final
