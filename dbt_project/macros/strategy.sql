{% macro targets_counted_from() -%}
    {#- Every target with the day from which what is cumulated counts: the day after the stated baseline, of an increment that is
        a level said otherwise the day after that level's baseline, or else the strategy's first day. -#}
    select
        targets.*,
        coalesce(
            {{ days_after('targets.baseline_on', 1) }}, {{ days_after('levels.baseline_on', 1) }}, {{ date_from_year('strategies.period_start', '01-01') }}
        ) as counted_from
    from {{ ref('stg_targets') }} as targets
    inner join {{ ref('strategies') }} as strategies on strategies.strategy = targets.strategy
    left join {{ ref('target_promises') }} as promises
        on promises.target_id = targets.target_id and promises.relation = 'SAME_PROMISE' and targets.statement_type = 'INCREMENT'
    left join {{ ref('stg_targets') }} as levels on levels.target_id = promises.promise and levels.statement_type = 'LEVEL'
{%- endmacro %}

{% macro reaches(value, threshold, direction, is_open='false') -%}
    {#- Whether a value is at or beyond a target; the limit of an open end is never reached itself. -#}
    ({{ value }} is not null and case
        when {{ direction }} = 'UP' then {{ value }} > {{ threshold }} or ({{ value }} = {{ threshold }} and not {{ is_open }})
        else {{ value }} < {{ threshold }} or ({{ value }} = {{ threshold }} and not {{ is_open }})
    end)
{%- endmacro %}

{% macro baseline_end(stated, observed) -%}
    {#- The baseline of a target at one end of its interval: what is cumulated starts from zero, then as stated, then as observed. -#}
    case
        when preferred.counted_as = 'CUMULATED' then cast(0 as {{ amount() }})
        when targets.baseline is not null and targets.baseline_on is not null then {{ stated }}
        else {{ observed }}
    end
{%- endmacro %}

{% macro signed(difference, direction) -%}
    {#- A difference counted as progress: upwards or downwards, as the target wants. -#}
    (case when {{ direction }} = 'UP' then {{ difference }} else -({{ difference }}) end)
{%- endmacro %}

{% macro states_no_number() -%}
    {#- A promise like "several unicorns": nothing can be held against it. Columns target_lower and target_upper. -#}
    (target_lower is null and target_upper is null)
{%- endmacro %}

{% macro linear_verdict(met, actual, baseline, target, direction, months_elapsed, months_total, is_paced='true') -%}
    {#- Where a figure stands against the straight path from baseline to target, at one end of what the statements allow.
        Products instead of quotients: decimals multiply exactly, so a figure exactly on the path is on track. A rank, a budget
        or a one-off has no pace: it is reached or not, nearer than at the baseline or further. -#}
    case
        when {{ met }} then 'ACHIEVED'
        when {{ target }} is null then null
        when {{ months_total }} is null then 'NO_DUE_DATE'
        when not {{ is_paced }} and ({{ baseline }} is null or {{ signed(actual ~ ' - ' ~ baseline, direction) }} >= 0) then 'NOT_REACHED'
        when {{ baseline }} is null or {{ months_elapsed }} is null then 'NO_BASELINE'
        when {{ actual }} is null or {{ signed(actual ~ ' - ' ~ baseline, direction) }} < 0 then 'REVERSING'
        when {{ signed(actual ~ ' - ' ~ baseline, direction) }} * {{ months_total }}
            >= {{ signed(target ~ ' - ' ~ baseline, direction) }} * {{ months_elapsed }} then 'ON_TRACK'
        else 'OFF_TRACK'
    end
{%- endmacro %}

{% macro closed_verdict(basis, met_state, met_later_on) -%}
    {#- What became of a target whose due date has passed. -#}
    case
        when {{ basis }} in ('AT_DUE', 'BEFORE_DUE') and {{ met_state }} = 'MET' then 'MET_ON_TIME'
        when {{ basis }} = 'AT_DUE' and {{ met_state }} = 'OPEN' then 'INDETERMINATE'
        when {{ basis }} in ('AT_DUE', 'AFTER_DUE') and {{ met_state }} = 'UNMET' and {{ met_later_on }} is not null then 'MET_LATE'
        when {{ basis }} in ('AT_DUE', 'AFTER_DUE') and {{ met_state }} = 'UNMET' then 'MISSED'
        else 'INDETERMINATE'
    end
{%- endmacro %}

{% macro actual_columns() -%}
    {#- What is needed of an observation to hold it against a target. -#}
    observation_id, cell_id, definition, ref_area, urbanisation, breakdown, unit_measure, flow, period, period_start, period_end,
    value, value_lower, value_upper, ends_are_open, bound, is_exact, has_value, publisher, document, obs_status
{%- endmacro %}

{% macro progress_share(actual, baseline, target) -%}
    {#- (y - y0) / (yT - y0); undefined for what has no pace, and where the baseline is at the target or beyond it. Columns
        `is_paced` and `direction`. -#}
    case when is_paced and {{ signed(target ~ ' - ' ~ baseline, 'direction') }} > 0
        then {{ share(signed(actual ~ ' - ' ~ baseline, 'direction'), signed(target ~ ' - ' ~ baseline, 'direction')) }}
    end
{%- endmacro %}
