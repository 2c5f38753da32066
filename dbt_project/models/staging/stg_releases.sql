-- Every release ever filed, and since when a later one stands in its place.
with recursive releases as (
    select * from {{ source('raw', 'releases') }}
),

-- A release that mends a refused one stands for what that one was to mend, too.
stood_for as (
    select dataset, replaces as release, recorded_at from releases
    where status = 'ACCEPTED' and replaces is not null
    union
    select releases.dataset, releases.replaces as release, stood_for.recorded_at from stood_for
    inner join releases on releases.dataset = stood_for.dataset and releases.release = stood_for.release
    where releases.status = 'REFUSED' and releases.replaces is not null
),

replaced as (
    select dataset, release, cast(min(recorded_at) as date) as withdrawn_on
    from stood_for
    group by dataset, release
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
