-- Current values with what a sum over them needs: how they aggregate, how far their rounding reaches, and their weight.
with cells as (
    select
        *,
        -- A table is printed at one precision: where a file drops a zero at the end, the figure is no more rounded for it.
        max(decimals) over (partition by definition, document, period_key, unit_mult) as printed_decimals
    from {{ ref('int_current_observations') }}
    where period_end is not null
),

weights as (
    select
        indicator, ref_area, urbanisation, period_end,
        min(value) as weight, min(observation_id) as weight_observation_id, min(document) as weight_document
    from cells
    where breakdown = '_T' and is_exact
    group by indicator, ref_area, urbanisation, period_end
    having count(*) = 1
),

final as (
    select
        cells.observation_id, cells.indicator, cells.definition, cells.ref_area, cells.geo_version, cells.urbanisation, cells.breakdown,
        cells.freq_class, cells.period, cells.period_key, cells.period_start, cells.period_end, cells.unit_measure, cells.value, cells.is_exact, cells.has_value, cells.dataset, cells.obs_status, cells.comment,
        areas.level, areas.area_type, areas.region, areas.in_province_sums, areas.in_commune_sums,
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
