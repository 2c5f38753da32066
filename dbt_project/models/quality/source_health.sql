with datasets as (
    select * from {{ source('raw', 'datasets') }}
),

releases as (
    select
        dataset,
        count(*) filter (where status = 'ACCEPTED' and not is_withdrawn) as releases,
        count(*) filter (where status = 'REFUSED') as refused_releases,
        count(*) filter (where is_withdrawn) as withdrawn_releases,
        sum(row_count) filter (where status = 'ACCEPTED' and not is_withdrawn) as statements,
        max(retrieved_on) filter (where status = 'ACCEPTED') as latest_retrieved_on,
        max(recorded_at) filter (where status = 'ACCEPTED') as latest_recorded_at
    from {{ ref('stg_releases') }}
    group by dataset
),

statements as (
    select dataset, published_on, published_not_after, period_end from {{ ref('stg_observations') }}
    union all
    select dataset, published_on, published_not_after, cast(null as date) as period_end from {{ ref('stg_targets') }}
    union all
    select dataset, published_on, published_not_after, cast(null as date) as period_end from {{ ref('stg_events') }}
),

dates as (
    select
        dataset, max(published_on) as latest_published_on, max(period_end) as latest_period_end,
        max(least(period_end, published_not_after)) filter (where period_end is not null) as latest_ended_on,
        count(*) filter (where published_on is null) as statements_without_date
    from statements
    group by dataset
),

problems as (
    select dataset, count(*) as refused_problems from {{ source('raw', 'refused_rows') }} group by dataset
),

final as (
    select
        datasets.dataset, datasets.domain, datasets.title_fr, datasets.title_ar, datasets.title_en, datasets.kind, datasets.publisher,
        cast(coalesce(releases.releases, 0) as integer) as releases,
        cast(coalesce(releases.refused_releases, 0) as integer) as refused_releases,
        cast(coalesce(releases.withdrawn_releases, 0) as integer) as withdrawn_releases,
        cast(coalesce(problems.refused_problems, 0) as integer) as refused_problems,
        cast(coalesce(releases.statements, 0) as bigint) as statements,
        cast(coalesce(dates.statements_without_date, 0) as bigint) as statements_without_date,
        dates.latest_published_on, dates.latest_period_end, releases.latest_retrieved_on, releases.latest_recorded_at,
        datasets.expected_every, datasets.max_age_days,
        -- Most documents print no date, but a figure cannot be older than the end of the period that it is of.
        {{ days_after('greatest(dates.latest_published_on, dates.latest_ended_on)', 'datasets.max_age_days') }} as late_after,
        datasets.out_of_service, datasets.contact
    from datasets
    left join releases on releases.dataset = datasets.dataset
    left join dates on dates.dataset = datasets.dataset
    left join problems on problems.dataset = datasets.dataset
)

select * from final
