-- What happened to strategies and on the way: launches, reviews, openings.
with statements as (
    select * from {{ source('raw', 'events') }}
),

final as (
    select statements.*
    from statements
    inner join {{ ref('stg_releases') }} as releases on releases.dataset = statements.dataset and releases.release = statements.release
    where not releases.is_withdrawn
)

select * from final
