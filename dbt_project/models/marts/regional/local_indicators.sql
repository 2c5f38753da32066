{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook="{{ forget_touched() }}") }}
with cells as (
    select cells.*, areas.level, areas.area_type, areas.parent, areas.province, areas.region,
        areas.in_commune_sums, areas.in_province_sums
    from {{ touched(ref('int_current_observations')) }} as cells
    inner join {{ ref('areas') }} as areas on areas.ref_area = cells.ref_area
    where areas.level not in ('country', 'region')
),

measured as (
    select
        cells.*, indicators.per_head,
        population.population, population.population_on, population.population_document,
        population.population_observation_id, population.gap_years,
        region.value as region_value, region.observation_id as region_observation_id
    from cells
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = cells.indicator
    left join {{ ref('int_population_denominators') }} as population
        on population.ref_area = cells.ref_area and population.urbanisation = cells.urbanisation
        and population.period_end = cells.period_end and indicators.per_head
    left join {{ ref('int_regional_cells') }} as region
        on region.ref_area = cells.region and region.definition = cells.definition
        and region.urbanisation = cells.urbanisation and region.breakdown = cells.breakdown
        and region.period_key = cells.period_key and region.is_exact and cells.is_exact and indicators.aggregation = 'SUM'
),

final as (
    select
        {{ row_key(['measured.definition', 'measured.ref_area', 'measured.urbanisation', 'measured.breakdown', 'measured.period_key']) }} as row_key,
        measured.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        indicators.domain, measured.definition,
        measured.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en, measured.geo_version,
        measured.level, measured.area_type, measured.parent, measured.province, measured.region, measured.in_commune_sums, measured.in_province_sums,
        regions.label_fr as region_label_fr, regions.label_ar as region_label_ar, regions.label_en as region_label_en,
        measured.urbanisation, measured.breakdown, measured.period, measured.period_start, measured.period_end,
        measured.value, measured.unit_measure, measured.bound, measured.value_lower, measured.value_upper, measured.tolerance,
        case when measured.has_value then 'REPORTED' else 'NOT_REPORTED' end as status, measured.obs_status, measured.flow,
        {{ per_head('measured.value', 'measured.population') }} as per_1000,
        measured.population, measured.population_on, measured.population_document, measured.gap_years,
        {{ share('measured.value', 'measured.region_value') }} as share_of_region,
        {{ reasons([
            ("value", "not measured.has_value", "'no value was published for this cell'"),
            ("per_1000", "measured.per_head and measured.has_value and measured.population is null", "'no census population for this area and period'"),
            ("per_1000", "not measured.per_head", "'not a count that per-head figures are made of'"),
            ("share_of_region", "measured.region_value is null", "'no exact value of the region, or the indicator does not add up'"),
        ]) }} as undefined_because,
        measured.dataset, measured.publisher, measured.document, measured.correction, measured.decided_by, cast(measured.statements as integer) as statements,
        measured.cell_id, measured.observation_id, measured.population_observation_id, measured.region_observation_id
    from measured
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = measured.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = measured.ref_area
    inner join {{ ref('areas') }} as regions on regions.ref_area = measured.region
)

select * from final
