-- Every aggregate of regions and provinces with every part that it should have: the part's figure and its weight, or none. Of
-- the country and the regions, and of the declared groups of regions, which nobody publishes. Cities and parks are parts of none.
with cells as (
    select * from {{ ref('int_reconciliation_cells') }}
    where aggregation in ('SUM', 'RATIO') and (level = 'country' or unit_level in ('region', 'province'))
),

parts as (
    select kind, '_Z' as area_grouping, whole, part
    from {{ ref('int_area_parts') }}
    where kind in ('PROVINCES_TO_REGION', 'PROVINCES_TO_COUNTRY', 'REGIONS_TO_COUNTRY')
    union all
    select 'REGIONS_TO_GROUP' as kind, area_grouping, area_group as whole, region as part
    from {{ ref('area_groups') }}
    where area_grouping <> 'REGION'
),

series as (
    select distinct
        parts.kind, parts.area_grouping, parts.whole, cells.indicator, cells.definition, cells.aggregation, cells.urbanisation, cells.breakdown,
        cells.freq_class, cells.period, cells.period_key, cells.period_start, cells.period_end, cells.unit_measure, cells.denominator
    from cells
    inner join parts on parts.part = cells.ref_area
    where cells.has_value
),

-- A unit that has no urban (or no rural) part is not missing from an urban (rural) total.
existing as (
    select distinct ref_area, urbanisation, period_end from cells
),

final as (
    select
        {{ row_key(['series.kind', 'series.area_grouping', 'series.whole', 'series.definition', 'series.urbanisation', 'series.breakdown', 'series.period_key']) }} as aggregate_key,
        series.kind, series.area_grouping, series.whole, series.indicator, series.definition, series.aggregation, series.urbanisation, series.breakdown,
        series.freq_class, series.period, series.period_key, series.period_start, series.period_end, series.unit_measure, series.denominator,
        parts.part, cells.value, coalesce(cells.is_exact, false) as is_exact, cells.obs_status, cells.rounding, cells.observation_id,
        case when series.aggregation = 'RATIO' then cells.weight end as weight,
        case when series.aggregation = 'RATIO' then cells.weight_document end as weight_document,
        case when series.aggregation = 'RATIO' then cells.weight_observation_id end as weight_observation_id
    from series
    inner join parts on parts.kind = series.kind and parts.area_grouping = series.area_grouping and parts.whole = series.whole
    left join existing
        on existing.ref_area = parts.part and existing.urbanisation = series.urbanisation and existing.period_end = series.period_end
    left join cells
        on cells.ref_area = parts.part and cells.definition = series.definition and cells.urbanisation = series.urbanisation
        and cells.breakdown = series.breakdown and cells.period_key = series.period_key
    where series.urbanisation = '_T' or existing.ref_area is not null
)

select * from final
