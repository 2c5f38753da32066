{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched() }}") }}
-- Pairs of statements that cannot both be right as they stand, before a kind is given to each: a statement that is not its
-- cell's current value against the one that is, and current values of one place and period under two definitions.
with current_values as (
    select
        observation_id, cell_id, indicator, definition, ref_area, urbanisation, breakdown, period_key, unit_measure,
        value, value_lower, value_upper, statements
    from {{ touched(ref('int_current_observations')) }}
    where has_value and period_end is not null
),

-- Most cells were stated once: there is nothing to hold against them.
statements as (
    select observation_id, cell_id, value, value_lower, value_upper
    from {{ touched(ref('stg_observations')) }}
    where has_value and cell_id in (select current_values.cell_id from current_values where current_values.statements > 1)
),

same_cell as (
    select
        'CELL' as basis, statements.observation_id as other_observation_id,
        current_values.observation_id as current_observation_id, current_values.cell_id, current_values.cell_id as other_cell_id
    from statements
    inner join current_values on current_values.cell_id = statements.cell_id
    where current_values.statements > 1 and statements.observation_id <> current_values.observation_id
        and not {{ allow_each_other('current_values', 'statements') }}
),

-- Most indicators have one definition only: their cells need not be held against each other.
several as (
    select indicator
    from {{ ref('int_current_observations') }}
    where has_value and period_end is not null
    group by indicator
    having min(definition) <> max(definition)
),

redefined as (
    select current_values.* from current_values inner join several on several.indicator = current_values.indicator
),

other_definition as (
    select
        'DEFINITION' as basis, other.observation_id as other_observation_id,
        one.observation_id as current_observation_id, one.cell_id, other.cell_id as other_cell_id
    from redefined as one
    inner join redefined as other
        on other.indicator = one.indicator and other.ref_area = one.ref_area and other.urbanisation = one.urbanisation
        and other.breakdown = one.breakdown and other.period_key = one.period_key and other.unit_measure = one.unit_measure
    where other.definition > one.definition and not {{ allow_each_other('one', 'other') }}
),

final as (
    select * from same_cell
    union all
    select * from other_definition
)

select * from final
