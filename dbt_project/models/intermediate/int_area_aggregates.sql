-- What the parts of each aggregate come to: counts by sum, rates by their own denominators, with what is missing.
with parts as (
    select *, case when is_exact then value end as exact_value from {{ ref('int_aggregate_parts') }}
),

aggregated as (
    select
        aggregate_key, kind, area_grouping, whole, indicator, definition, aggregation, urbanisation, breakdown,
        freq_class, period, period_key, period_start, period_end, unit_measure, denominator,
        {{ aggregate_of('aggregation', 'exact_value', 'weight') }} as covered_value,
        {{ coverage_of('aggregation', 'exact_value', 'weight') }} as coverage_share,
        count(*) as parts_expected, count(exact_value) as parts_found,
        {{ joined("case when not is_exact then part end") }} as missing_parts,
        max(coalesce(obs_status = 'Q', false)) as is_suppressed, max(coalesce(obs_status = 'B', false)) as has_break,
        {{ weakest_of('obs_status') }} as obs_status,
        {{ joined('weight_document') }} as denominator_document,
        case when aggregation = 'SUM' then sum(rounding) else max(rounding) end as tolerance
    from parts
    group by
        aggregate_key, kind, area_grouping, whole, indicator, definition, aggregation, urbanisation, breakdown,
        freq_class, period, period_key, period_start, period_end, unit_measure, denominator
),

judged as (
    select
        *,
        case
            when is_suppressed then 'SUPPRESSED_PART'
            when parts_found < parts_expected then 'INCOMPLETE_COVERAGE'
            when covered_value is null then 'NO_WEIGHT'
        end as undefined_because,
        -- The months that a period covers within its year: figures of other months are another season.
        case when freq_class = 'FLOW' then {{ month_day('period_start') }} || '/' else '' end || {{ month_day('period_end') }}
        || '/' || cast(extract(year from period_end) - coalesce(extract(year from period_start), extract(year from period_end)) as varchar) as season
    from aggregated
),

final as (
    select
        aggregate_key, kind, area_grouping, whole, indicator, definition, aggregation, urbanisation, breakdown,
        period, period_key, period_start, period_end, season, unit_measure, denominator, denominator_document,
        coverage_share, parts_expected, parts_found, missing_parts, obs_status, has_break, tolerance, undefined_because,
        -- What is left beside a published total would give the suppressed part away.
        case when not is_suppressed then covered_value end as covered_value,
        case when undefined_because is null then covered_value end as aggregate_value
    from judged
)

select * from final
