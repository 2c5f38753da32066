{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched('series') }}") }}
-- Published figures of an area against what its parts give: counts by sum, shares by their own weights.
with cells as (
    select
        indicator, definition, ref_area, urbanisation, breakdown, period, period_key, period_end, unit_measure, aggregation, denominator,
        value, is_exact, case when is_exact then value end as exact_value, obs_status, rounding, weight, weight_document, observation_id
    from {{ touched(ref('int_reconciliation_cells'), 'series') }}
    where aggregation in ('SUM', 'RATIO')
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
    select definition, ref_area, urbanisation, breakdown, period_key, value, rounding, observation_id
    from cells
    where is_exact and ref_area in (select parts.whole from parts)
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
        count(cells.exact_value) as parts_found,
        {{ aggregate_of('series.aggregation', 'cells.exact_value', 'cells.weight') }} as covered_value,
        {{ coverage_of('series.aggregation', 'cells.exact_value', 'cells.weight') }} as coverage_share,
        count(*) filter (where cells.is_exact and cells.weight is null) as parts_without_weight,
        count(*) filter (where cells.obs_status = 'Q') as parts_suppressed,
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
    group by
        series.kind, series.whole, series.indicator, series.definition, series.aggregation, series.urbanisation, series.breakdown,
        series.period, series.period_key, series.unit_measure
),

final as (
    select
        aggregated.kind, aggregated.indicator, aggregated.definition, aggregated.whole as ref_area, aggregated.urbanisation, aggregated.breakdown,
        aggregated.period, aggregated.period_key, aggregated.unit_measure,
        published.value as published_value, published.observation_id as published_observation_id,
        -- What is left beside a published total would give the suppressed part away.
        case when aggregated.parts_suppressed = 0 then aggregated.covered_value end as computed_value,
        case when aggregated.aggregation = 'SUM' then aggregated.roundings else aggregated.rounding end + published.rounding as tolerance,
        aggregated.parts_expected, aggregated.parts_found, aggregated.parts_without_weight, aggregated.missing_parts,
        case when aggregated.aggregation = 'SUM' then {{ convention('half_unit_of_last_digit') }} * (aggregated.parts_found + 1) end as rounding_of_counts,
        aggregated.parts_suppressed, aggregated.coverage_share,
        aggregated.parts_status, aggregated.denominator, aggregated.denominator_document
    from aggregated
    inner join published
        on published.ref_area = aggregated.whole and published.definition = aggregated.definition
        and published.urbanisation = aggregated.urbanisation and published.breakdown = aggregated.breakdown
        and published.period_key = aggregated.period_key
)

select * from final
