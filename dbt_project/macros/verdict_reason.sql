{% macro verdict_reason() -%}
    {#- One English sentence that says why a row of strategy_progress has its verdict; columns of `paced` and `targets`. -#}
    case
        when paced.final_verdict = 'NOT_COMPARABLE'
            then 'figures exist only under other definitions, parts or stretches of time: ' || paced.alternatives_named
        when paced.method_verdict = 'NOT_MEASURABLE' and paced.states_no_number then 'no number is promised'
        when paced.final_verdict = 'NOT_MEASURABLE' and not paced.states_no_number then coalesce(
            case when targets.baseline_on is not null then 'no figure of this indicator since the baseline (' || targets.baseline_period || ')' end,
            'no figure of this indicator since the strategy began (' || paced.strategy_start || ')',
            'no dated figure of this indicator')
        when paced.final_verdict = 'MET_ON_TIME' and paced.basis = 'BEFORE_DUE'
            then 'reached already by ' || paced.actual_period || ', as stated by ' || paced.actual_publisher || '; there is no figure at the due date'
        when paced.final_verdict = 'MET_ON_TIME' then 'reached at the due date'
        when paced.final_verdict = 'MET_LATE' then 'not reached by ' || paced.actual_period || ', reached by ' || cast(paced.met_later_on as varchar)
        when paced.final_verdict = 'MISSED' and paced.basis = 'AFTER_DUE'
            then 'not reached by ' || paced.actual_period || ', the first figure after the due date'
        when paced.final_verdict = 'MISSED' and paced.is_followed then 'not reached at the due date, nor in any later figure'
        when paced.final_verdict = 'MISSED' then 'not reached at the due date; there is no later figure'
        when paced.is_due and paced.met_state = 'OPEN' then 'a bound leaves open whether the target was reached by ' || paced.actual_period
        when paced.is_due and paced.basis = 'BEFORE_DUE' then 'not reached by ' || paced.actual_period || '; no figure at the due date or later'
        when paced.is_due then 'reached by ' || paced.actual_period || ', the first figure after the due date: whether in time is not known'
        when paced.worst_method_verdict = 'NO_DUE_DATE' then 'no due date is stated'
        when paced.method_verdict = 'INDETERMINATE' and paced.worst_method_verdict is null then 'a bound leaves it open: an end has no limit'
        when paced.method_verdict = 'INDETERMINATE'
            then 'a bound leaves it open: from ' || paced.worst_method_verdict || ' to ' || coalesce(paced.best_method_verdict, 'an end without limit')
        when paced.method_verdict = 'ACHIEVED' then 'reached by ' || paced.actual_period
        when paced.method_verdict is null then 'the method gives no verdict: ' || lower(replace(paced.unclassified_because, '_', ' '))
        when paced.method_verdict = 'NOT_REACHED' and paced.pace = 'ORDINAL'
            then 'not reached by ' || paced.actual_period || '; places are an order, which has no pace'
        when paced.method_verdict = 'NOT_REACHED' then 'not reached by ' || paced.actual_period || '; a budget or a one-off has no pace'
        when paced.method_verdict = 'NO_BASELINE' then 'not reached by ' || paced.actual_period || '; no baseline is stated or observed'
        when paced.method_code <> 'LINEAR' and paced.worst_class_code = paced.best_class_code
            then 'class ' || paced.worst_class_code || ' of the method at ' || paced.actual_period
        when paced.method_code <> 'LINEAR' then 'classes ' || paced.worst_class_code || ' to ' || paced.best_class_code || ' of the method at ' || paced.actual_period
        when paced.final_verdict = 'REVERSING' then 'by ' || paced.actual_period || ' further from the target than at the baseline'
        when paced.final_verdict = 'ON_TRACK' then 'on or ahead of the straight path from baseline to target at ' || paced.actual_period
        else 'behind the straight path from baseline to target at ' || paced.actual_period
    end
{%- endmacro %}

{% macro method_verdict() -%}
    {#- What a target's method comes to, in the words of verdicts; columns of `judged` and `methods`. What became of a target that
        is due, or that no figure may be held against, does not depend on the method. A bound leaves open what differs at both ends. -#}
    case
        when judged.states_no_number and judged.actual_observation_id is not null and not judged.is_due and {{ reads_trend_alone('methods.method_code') }}
            then {{ same_at_both_ends() }}
        when judged.verdict is null or judged.is_due or methods.method_code = 'LINEAR' then judged.final_verdict
        when 'NO_DUE_DATE' in (methods.worst_method_verdict, methods.best_method_verdict) then 'INDETERMINATE'
        else {{ same_at_both_ends() }}
    end
{%- endmacro %}

{% macro same_at_both_ends() -%}
    {#- What a method says at the worst and at the best end of what the statements allow, if that is one thing; columns of `methods`. -#}
    case
        when methods.worst_method_verdict = methods.best_method_verdict then methods.worst_method_verdict
        when methods.worst_method_verdict is not null or methods.best_method_verdict is not null then 'INDETERMINATE'
    end
{%- endmacro %}
