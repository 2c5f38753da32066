{{ config(materialized='view') }}
-- The statement of each cell by each publisher that stands before its others: vintages exist within one publisher only.
with vintages as (
    select * from {{ ref('int_observation_vintages') }} where known_until is null
),

ordered as (
    select *, row_number() over (partition by cell_id, publisher order by place) as vintage from vintages
),

final as (
    select cell_id, publisher, observation_id from ordered where vintage = 1
)

select * from final
