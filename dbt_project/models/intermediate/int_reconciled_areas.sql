{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched('series') }}") }}
-- Published figures of an area against what its parts give: counts by sum, shares by their own weights.
with cells as (
    select * from {{ touched(ref('int_reconciliation_cells'), 'series') }} where aggregation in ('SUM', 'RATIO')
),

parts as (
    select * from {{ ref('int_area_parts') }}
),

-- A unit that has no urban (or no rural) part is not missing from an urban (rural) total.
existing as (
    select distinct ref_area, urbanisation, period_end
    from {{ ref('int_reconciliation_cells') }}
    where urbanisation <> '_T' and aggregation in ('SUM', 'RATIO')
),

published as (
    select * from cells where is_exact and ref_area in (select parts.whole from parts)
),

-- Only what the whole was published for: of a series of communes alone there is nothing to compare.
series as (
    select distinct
        parts.kind, parts.whole, cells.indicator, cells.definition, cells.aggregation, cells.urbanisation, cells.breakdown,
        cells.period, cells.period_key, cells.period_end, cells.unit_measure
    from cells
    inner join parts on parts.part = cells.ref_area
    inner join published
        on published.ref_area = parts.whole and published.definition = cells.definition and published.urbanisation = cells.urbanisation
        and published.breakdown = cells.breakdown and published.period_key = cells.period_key
),

aggregated as (
    select
        series.kind, series.whole, series.indicator, series.definition, series.aggregation, series.urbanisation, series.breakdown,
        series.period, series.period_key, series.unit_measure,
        count(*) as parts_expected,
        count(*) filter (where cells.is_exact) as parts_found,
        sum(case
            when series.aggregation = 'SUM' then cells.value
            else cast(cells.value * cast(cells.weight as decimal(18, 0)) as {{ amount() }})
        end) filter (where cells.is_exact) as total,
        sum(cells.weight) filter (where cells.is_exact) as weight,
        count(*) filter (where cells.is_exact and cells.weight is null) as parts_without_weight,
        count(*) filter (where cells.obs_status = 'Q') as parts_suppressed,
        count(cells.weight) as parts_with_weight, sum(cells.weight) as weight_of_all,
        {{ weakest_of('cells.obs_status') }} as parts_status,
        max(cells.denominator) filter (where series.aggregation = 'RATIO') as denominator,
        {{ joined("case when series.aggregation = 'RATIO' then cells.weight_document end") }} as denominator_document,
        sum(cells.rounding) as roundings, max(cells.rounding) as rounding,
        {{ joined("case when not coalesce(cells.is_exact, false) then parts.part end") }} as missing_parts
    from series
    inner join parts on parts.kind = series.kind and parts.whole = series.whole
    left join existing
        on existing.ref_area = parts.part and existing.urbanisation = series.urbanisation and existing.period_end = series.period_end
    left join cells
        on cells.ref_area = parts.part and cells.definition = series.definition and cells.urbanisation = series.urbanisation
        and cells.breakdown = series.breakdown and cells.period_key = series.period_key
    where series.urbanisation = '_T' or existing.ref_area is not null
    group by all
),

final as (
    select
        aggregated.kind, aggregated.indicator, aggregated.definition, aggregated.whole as ref_area, aggregated.urbanisation, aggregated.breakdown,
        aggregated.period, aggregated.period_key, aggregated.unit_measure,
        published.value as published_value, published.observation_id as published_observation_id,
        -- What is left beside a published total would give the suppressed part away.
        case
            when aggregated.parts_suppressed > 0 then null
            when aggregated.aggregation = 'SUM' then aggregated.total
            when aggregated.parts_without_weight = 0 then cast({{ share('aggregated.total', 'aggregated.weight') }} as {{ amount() }})
        end as computed_value,
        case when aggregated.aggregation = 'SUM' then aggregated.roundings else aggregated.rounding end + published.rounding as tolerance,
        aggregated.parts_expected, aggregated.parts_found, aggregated.parts_without_weight, aggregated.missing_parts,
        case when aggregated.aggregation = 'SUM' then {{ convention('half_unit_of_last_digit') }} * (aggregated.parts_found + 1) end as rounding_of_counts,
        aggregated.parts_suppressed,
        -- Of counts, how many of the parts were found; of shares, how much of the denominator they hold.
        case
            when aggregated.aggregation = 'SUM' then {{ share('aggregated.parts_found', 'aggregated.parts_expected') }}
            when aggregated.parts_with_weight = aggregated.parts_expected then {{ share('aggregated.weight', 'aggregated.weight_of_all') }}
        end as coverage_share,
        aggregated.parts_status, aggregated.denominator, aggregated.denominator_document
    from aggregated
    inner join published
        on published.ref_area = aggregated.whole and published.definition = aggregated.definition
        and published.urbanisation = aggregated.urbanisation and published.breakdown = aggregated.breakdown
        and published.period_key = aggregated.period_key
)

select * from final
