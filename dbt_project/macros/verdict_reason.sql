{% macro verdict_reason() -%}
    {#- One English sentence that says why a row of strategy_progress has its verdict; columns of `paced` and `targets`. -#}
    case
        when paced.final_verdict = 'NOT_COMPARABLE'
            then 'figures exist only under other definitions, parts or stretches of time: ' || paced.alternatives_named
        when paced.final_verdict = 'NOT_MEASURABLE' then coalesce(
            case when targets.baseline_on is not null then 'no figure of this indicator since the baseline (' || targets.baseline_period || ')' end,
            'no figure of this indicator since the strategy began (' || paced.strategy_start || ')',
            'no dated figure of this indicator')
        when paced.final_verdict = 'MET_ON_TIME' and paced.basis = 'BEFORE_DUE'
            then 'reached already by ' || paced.actual_period || ', as stated by ' || paced.actual_publisher || '; there is no figure at the due date'
        when paced.final_verdict = 'MET_ON_TIME' then 'reached at the due date'
        when paced.final_verdict = 'MET_LATE' then 'not reached by ' || paced.actual_period || ', reached by ' || cast(paced.met_later_on as varchar)
        when paced.final_verdict = 'MISSED' and paced.basis = 'AFTER_DUE'
            then 'not reached by ' || paced.actual_period || ', the first figure after the due date'
        when paced.final_verdict = 'MISSED' then 'not reached at the due date, nor in any later figure'
        when paced.is_due and paced.met_state = 'OPEN' then 'a bound leaves open whether the target was reached by ' || paced.actual_period
        when paced.is_due and paced.basis = 'BEFORE_DUE' then 'not reached by ' || paced.actual_period || '; no figure at the due date or later'
        when paced.is_due then 'reached by ' || paced.actual_period || ', the first figure after the due date: whether in time is not known'
        when paced.worst_verdict = 'NO_DUE_DATE' then 'no due date is stated'
        when paced.final_verdict = 'INDETERMINATE' then 'a bound leaves it open: from ' || paced.worst_verdict || ' to ' || paced.best_verdict
        when paced.final_verdict = 'ACHIEVED' then 'reached by ' || paced.actual_period
        when paced.final_verdict = 'NO_BASELINE' then 'not reached by ' || paced.actual_period || '; no baseline is stated or observed'
        when paced.final_verdict = 'REVERSING' then 'by ' || paced.actual_period || ' further from the target than at the baseline'
        when paced.final_verdict = 'ON_TRACK' then 'on or ahead of the straight path from baseline to target at ' || paced.actual_period
        else 'behind the straight path from baseline to target at ' || paced.actual_period
    end
{%- endmacro %}
