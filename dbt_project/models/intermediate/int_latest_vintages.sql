{{ config(materialized='view') }}
-- The newest statement of each cell by each publisher: vintages exist within one publisher only.
with statements as (
    select * from {{ ref('stg_observations') }}
),

ordered as (
    select
        *,
        row_number() over (
            partition by cell_id, publisher
            order by has_value desc, published_on desc nulls last, recorded_at desc, observation_id asc
        ) as place
    from statements
),

final as (
    select cell_id, publisher, observation_id from ordered where place = 1
)

select * from final
