-- Every release ever filed, and whether a later one stands in its place.
with releases as (
    select * from {{ source('raw', 'releases') }}
),

replaced as (
    select distinct dataset, replaces as release
    from releases
    where status = 'ACCEPTED' and replaces is not null
),

final as (
    select
        releases.*,
        releases.dataset || '/' || releases.release as release_key,
        replaced.release is not null as is_withdrawn
    from releases
    left join replaced using (dataset, release)
)

select * from final
