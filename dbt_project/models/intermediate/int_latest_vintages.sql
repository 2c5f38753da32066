{{ config(materialized='view') }}
-- The statement of each cell by each publisher that stands before its others: vintages exist within one publisher only.
with final as (
    select cell_id, publisher, observation_id from {{ ref('int_observation_vintages') }} where is_latest_vintage
)

select * from final
