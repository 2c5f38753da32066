-- What happened to strategies and on the way: launches, reviews, openings.
with statements as (
    select * from {{ source('raw', 'events') }}
),

withdrawn as (
    select dataset, release from {{ ref('stg_releases') }} where is_withdrawn
),

final as (
    select statements.*
    from statements
    left join withdrawn using (dataset, release)
    where withdrawn.release is null
)

select * from final
