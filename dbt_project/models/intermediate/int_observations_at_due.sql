-- The current statement of each cell with what had been published by the day on which a target fell due. A document without
-- a date counts from the day on which it was read: nothing is taken to have been known earlier than is shown.
with due_dates as (
    select distinct due_on as known_on from {{ ref('stg_targets') }} where due_on <= {{ evaluation_date() }}
),

statements as (
    select {{ actual_columns() }} from {{ ref('stg_observations') }}
    where definition in (select targets.definition from {{ ref('stg_targets') }} as targets)
),

vintages as (
    select observation_id, cell_id, place, published_not_after
    from {{ ref('int_observation_vintages') }}
    where known_until is null and observation_id in (select statements.observation_id from statements)
),

ordered as (
    select
        due_dates.known_on, vintages.observation_id,
        row_number() over (partition by due_dates.known_on, vintages.cell_id order by vintages.place asc) as place
    from due_dates
    inner join vintages on vintages.published_not_after <= due_dates.known_on
),

final as (
    select ordered.known_on, statements.*
    from ordered
    inner join statements on statements.observation_id = ordered.observation_id
    where ordered.place = 1
)

select * from final
