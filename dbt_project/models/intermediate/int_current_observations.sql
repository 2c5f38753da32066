{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched() }}") }}
-- One statement for each cell: the current value, and the rule that chose it over the runner-up.
with vintages as (
    select * from {{ touched(ref('int_observation_vintages')) }} where known_until is null
),

ordered as (
    select
        *,
        row_number() over precedence as standing_place,
        count(*) over (partition by cell_id) as statements,
        {%- for column, _, rule in precedence_rules() %}
        lead({{ column }}) over precedence as next_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from vintages
    window precedence as (partition by cell_id order by place)
),

decided as (
    select
        observation_id, statements,
        case
            when statements = 1 then 'only_statement'
            {%- for column, _, rule in precedence_rules() %}
            when {{ differs(column, 'next_' ~ column) }} then '{{ rule }}'
            {%- endfor %}
        end as decided_by
    from ordered
    where standing_place = 1
),

final as (
    select
        current_values.cell_id, current_values.indicator, current_values.definition, current_values.freq_class,
        current_values.period_start, current_values.period_end, current_values.period, current_values.period_key,
        current_values.ref_area, current_values.geo_version, current_values.urbanisation, current_values.breakdown,
        current_values.value, current_values.value_lower, current_values.value_upper, current_values.tolerance,
        current_values.ends_are_open, current_values.is_exact, current_values.has_value, current_values.bound,
        current_values.unit_measure, current_values.unit_mult, current_values.decimals, current_values.flow,
        current_values.obs_status, current_values.comment, current_values.correction,
        current_values.dataset, current_values.publisher, current_values.document,
        current_values.observation_id, decided.decided_by, decided.statements
    from decided
    inner join {{ touched(ref('stg_observations')) }} as current_values on current_values.observation_id = decided.observation_id
)

select * from final
