{%- set verdicts = [
    'ACHIEVED', 'ON_TRACK', 'OFF_TRACK', 'REVERSING', 'MET_ON_TIME', 'MET_LATE', 'MISSED',
    'INDETERMINATE', 'NOT_COMPARABLE', 'NOT_MEASURABLE', 'NO_BASELINE',
] %}
with progress as (
    select * from {{ ref('strategy_progress') }}
),

targets as (
    select * from {{ ref('strategy_targets') }}
),

stated as (
    select
        strategy, count(*) as statements,
        count(*) filter (where is_in_conflict) as statements_in_conflict,
        count(*) filter (where not is_standing) as statements_replaced
    from targets
    group by strategy
),

counted as (
    select
        strategy, method_code,
        count(*) as targets,
        {%- for verdict in verdicts %}
        count(*) filter (where verdict = '{{ verdict }}') as {{ verdict | lower }},
        {%- endfor %}
        count(*) filter (where verdict not in ('NOT_COMPARABLE', 'NOT_MEASURABLE')) as measured
    from progress
    where is_standing
    group by strategy, method_code
),

final as (
    select
        counted.strategy, counted.method_code,
        strategies.label_fr as strategy_label_fr, strategies.label_ar as strategy_label_ar, strategies.label_en as strategy_label_en,
        strategies.standing, strategies.period_start as strategy_start, strategies.period_end as strategy_end,
        {{ evaluation_date() }} as evaluated_on,
        cast(stated.statements as integer) as statements, cast(stated.statements_in_conflict as integer) as statements_in_conflict,
        cast(stated.statements_replaced as integer) as statements_replaced,
        cast(counted.targets as integer) as targets,
        {%- for verdict in verdicts %}
        cast(counted.{{ verdict | lower }} as integer) as {{ verdict | lower }},
        {%- endfor %}
        cast(counted.measured as integer) as measured,
        {{ share('counted.measured', 'counted.targets') }} as coverage_share
    from counted
    inner join {{ ref('strategies') }} as strategies on strategies.strategy = counted.strategy
    left join stated on stated.strategy = counted.strategy
)

select * from final
