{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched('series') }}") }}
-- Current values with what a sum over them needs: how they aggregate, how far their rounding reaches, and their weight.
with cells as (
    select
        *,
        -- A table is printed at one precision: where a file drops a zero at the end, the figure is no more rounded for it.
        max(decimals) over (partition by definition, document, period_key, unit_mult) as printed_decimals
    from {{ touched(ref('int_current_observations')) }}
    where period_end is not null
),

weights as (
    select
        indicator, ref_area, urbanisation, period_end,
        min(value) as weight, min(observation_id) as weight_observation_id, min(document) as weight_document
    from {{ ref('int_current_observations') }}
    where breakdown = '_T' and is_exact and period_end is not null and indicator in (select indicators.denominator from {{ ref('indicators') }} as indicators)
    group by indicator, ref_area, urbanisation, period_end
    having count(*) = 1
),

final as (
    select
        cells.observation_id, cells.indicator, cells.definition, cells.ref_area, cells.geo_version, cells.urbanisation, cells.breakdown,
        cells.freq_class, cells.period, cells.period_key, cells.period_start, cells.period_end, cells.unit_measure, cells.value, cells.is_exact, cells.has_value, cells.dataset, cells.obs_status, cells.comment,
        areas.level, areas.area_type, areas.region,
        case when areas.level = 'region' then 'region' when areas.in_province_sums then 'province' when areas.in_commune_sums then 'commune' end as unit_level,
        indicators.aggregation, indicators.per_head, indicators.denominator,
        weights.weight, weights.weight_observation_id, weights.weight_document,
        -- Counts printed to the last unit are not rounded.
        case when cells.printed_decimals = 0 and cells.unit_mult = 0 and indicators.aggregation = 'SUM' then 0
            else {{ rounding_error('cells.printed_decimals', 'cells.unit_mult') }}
        end as rounding
    from cells
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = cells.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = cells.ref_area
    left join weights
        on weights.indicator = indicators.denominator and weights.ref_area = cells.ref_area
        and weights.urbanisation = cells.urbanisation and weights.period_end = cells.period_end
)

select * from final
