{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched('series_key') }}") }}
-- Every measure of disparity of every complete series: over its units weighted by the indicator's own denominator, and
-- with every unit counting as one.
with series as (
    select * from {{ touched(ref('int_compared_series'), 'series_key') }} where is_complete
),

units as (
    select units.series_key, units.ref_area, units.region, units.rate, 'DENOMINATOR' as weighting, cast(units.weight as double) as weight
    from {{ ref('int_compared_units') }} as units
    inner join series on series.series_key = units.series_key and series.has_weights
    union all
    select units.series_key, units.ref_area, units.region, units.rate, 'EQUAL' as weighting, cast(1 as double) as weight
    from {{ ref('int_compared_units') }} as units
    inner join series on series.series_key = units.series_key
),

measured as (
    {{ disparity_measures('units', 'series_key, weighting') }}
),

split as (
    {{ theil_split('units', 'series_key, weighting', ref('area_groups'), 'region', 'area_grouping', 'area_group') }}
),

final as (
    select series_key, weighting, '_Z' as area_grouping, measure_code, value, undefined_because
    from ({{ measure_rows('measured', 'series_key, weighting', disparity_codes()) }}) as measures
    union all
    select series_key, weighting, area_grouping, measure_code, value, undefined_because
    from ({{ measure_rows('split', 'series_key, weighting, area_grouping', theil_split_codes()) }}) as splits
)

select * from final
