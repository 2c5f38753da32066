{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched() }}") }}
-- What the two clocks need of every reading of every statement: from when until when it was known here, by when it was
-- public, and its place among all that were ever said of its cell. Whatever a clock leaves out, the order of the rest stays,
-- but for documents without a date, whose year is of all that was carried from them.
with readings as (
    select * from {{ touched(ref('base_observations')) }}
),

-- A document without a date was not published before the latest year that it reports on had begun. (Not: had ended. Figures
-- of a year or a month are printed before its last day, too.) A page may have said less when it was read an earlier time, and
-- what only a mended slip of ours said counts where nothing else does.
reported as (
    select
        document, published_not_after,
        {{ date_from_year('extract(year from coalesce(max(period_end) filter (where known_until is null), max(period_end)))', '01-01') }}
            as published_not_before
    from {{ ref('base_observations') }}
    where published_on is null and has_value and obs_status <> 'F' and period_end <= published_not_after
    group by document, published_not_after
),

dated as (
    select
        readings.*, coalesce(readings.published_on, reported.published_not_before) as published_not_before,
        readings.unit_mult - readings.decimals as last_digit
    from readings
    left join reported on reported.document = readings.document and reported.published_not_after = readings.published_not_after
),

placed as (
    select
        observation_id, correction, cell_id, publisher, has_value, is_exact, publisher_precedence,
        published_not_before, published_not_after, recorded_at, last_digit, known_from, known_until,
        row_number() over (partition by cell_id order by {{ by_precedence() }}, known_from asc) as place
    from dated
),

final as (
    select
        *,
        known_until is null
        and row_number() over (partition by cell_id, publisher, known_until is null order by place) = 1 as is_latest_vintage
    from placed
)

select * from final
