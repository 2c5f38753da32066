-- Every release ever filed, and since when a later one stands in its place.
with releases as (
    select * from {{ source('raw', 'releases') }}
),

replaced as (
    select dataset, replaces as release, cast(min(recorded_at) as date) as withdrawn_on
    from releases
    where status = 'ACCEPTED' and replaces is not null
    group by dataset, replaces
),

final as (
    select
        releases.*,
        releases.dataset || '/' || releases.release as release_key,
        replaced.release is not null as is_withdrawn,
        replaced.withdrawn_on
    from releases
    left join replaced using (dataset, release)
)

select * from final
