{%- set verdicts = [
    'ACHIEVED', 'ON_TRACK', 'OFF_TRACK', 'REVERSING', 'NOT_REACHED', 'MET_ON_TIME', 'MET_LATE', 'MISSED',
    'INDETERMINATE', 'NOT_COMPARABLE', 'NOT_MEASURABLE', 'NO_BASELINE',
] %}
with statements as (
    select
        progress.*,
        targets.is_in_conflict,
        progress.verdict is null or progress.verdict not in ('NOT_COMPARABLE', 'NOT_MEASURABLE') as is_measured
    from {{ ref('strategy_progress') }} as progress
    inner join {{ ref('strategy_targets') }} as targets on targets.target_id = progress.target_id
),

-- The axis of a promise is the domain of its indicator; _T is the whole strategy.
on_axes as (
    select *, domain as axis from statements
    union all
    select *, '_T' as axis from statements
),

stated as (
    select
        strategy, axis, method_code, count(*) as statements,
        count(*) filter (where is_in_conflict) as statements_in_conflict,
        count(*) filter (where not is_standing) as statements_replaced,
        count(*) filter (where is_standing) as targets
    from on_axes
    group by strategy, axis, method_code
),

-- A promise that several statements word is counted once: by those that can be measured, if they agree. A part of a promise
-- neither keeps nor breaks the whole.
promised as (
    select
        strategy, axis, method_code, promise,
        bool_or(is_measured) as is_measured,
        case
            when count(distinct coalesce(verdict, '')) filter (where is_measured) > 1 then 'INDETERMINATE'
            when bool_or(is_measured) then max(verdict) filter (where is_measured)
            when bool_or(verdict = 'NOT_COMPARABLE') then 'NOT_COMPARABLE'
            else 'NOT_MEASURABLE'
        end as verdict,
        avg(cast(score as {{ share_type() }})) filter (where is_measured) as score,
        bool_and(verdict in ('ACHIEVED', 'MET_ON_TIME', 'MET_LATE')) filter (where is_measured and score is not null) as is_reached
    from on_axes
    where is_standing and promise_relation <> 'PART_OF'
    group by strategy, axis, method_code, promise
),

counted as (
    select
        strategy, axis, method_code,
        count(*) as promises,
        {%- for verdict in verdicts %}
        count(*) filter (where verdict = '{{ verdict }}') as {{ verdict | lower }},
        {%- endfor %}
        count(*) filter (where verdict is null) as not_classified,
        count(*) filter (where is_measured) as measured,
        count(score) as scored, avg(cast(score as {{ share_type() }})) as mean_score, bool_and(is_reached) filter (where score is not null) as all_are_reached
    from promised
    group by strategy, axis, method_code
),

final as (
    select
        counted.strategy, counted.axis, counted.method_code,
        strategies.label_fr as strategy_label_fr, strategies.label_ar as strategy_label_ar, strategies.label_en as strategy_label_en,
        axes.label_fr as axis_label_fr, axes.label_ar as axis_label_ar, axes.label_en as axis_label_en,
        strategies.standing, strategies.period_start as strategy_start, strategies.period_end as strategy_end,
        {{ evaluation_date() }} as evaluated_on,
        cast(stated.statements as integer) as statements, cast(stated.statements_in_conflict as integer) as statements_in_conflict,
        cast(stated.statements_replaced as integer) as statements_replaced,
        cast(stated.targets as integer) as targets, cast(counted.promises as integer) as promises,
        {%- for verdict in verdicts %}
        cast(counted.{{ verdict | lower }} as integer) as {{ verdict | lower }},
        {%- endfor %}
        cast(counted.not_classified as integer) as not_classified,
        cast(counted.measured as integer) as measured,
        {{ share('counted.measured', 'counted.promises') }} as coverage_share,
        counted.measured || ' of ' || counted.promises || ' promises measurable' as coverage,
        cast(counted.scored as integer) as scored, counted.mean_score,
        {{ class_of_mean('counted.method_code', 'counted.mean_score', 'counted.all_are_reached') }} as mean_class
    from counted
    inner join {{ ref('strategies') }} as strategies on strategies.strategy = counted.strategy
    inner join {{ ref('code_lists') }} as axes on axes.code_list = 'STRATEGY_AXIS' and axes.code = counted.axis
    left join stated on stated.strategy = counted.strategy and stated.axis = counted.axis and stated.method_code = counted.method_code
)

select * from final
