with series as (
    select * from {{ ref('int_compared_series') }}
),

groupings as (
    select distinct area_grouping from {{ ref('area_groups') }}
),

measures as (
    select code as measure_code, label_fr, label_ar, label_en, '_Z' as area_grouping
    from {{ ref('code_lists') }}
    where code_list = 'DISPARITY_MEASURE'
    union all
    select codes.code, codes.label_fr, codes.label_ar, codes.label_en, groupings.area_grouping
    from {{ ref('code_lists') }} as codes
    cross join groupings
    where codes.code_list = 'DISPARITY_SPLIT'
),

weightings as (
    select code as weighting from {{ ref('code_lists') }} where code_list = 'WEIGHTING'
),

measured as (
    select
        series.*, weightings.weighting, measures.area_grouping, measures.measure_code,
        measures.label_fr as measure_label_fr, measures.label_ar as measure_label_ar, measures.label_en as measure_label_en,
        values_now.value,
        case
            when not series.is_complete then 'INCOMPLETE_COVERAGE'
            when weightings.weighting = 'DENOMINATOR' and not series.has_weights then 'NO_WEIGHT'
            else values_now.undefined_because
        end as undefined_because,
        earlier.period as previous_period,
        values_before.value as previous_value, values_before.undefined_because as previous_undefined_because,
        case
            when series.previous_series_key is null then 'NO_PREVIOUS'
            when series.has_break then 'BREAK'
            when not earlier.is_complete then 'INCOMPLETE_COVERAGE'
            when series.is_complete and earlier.units_told_apart <> series.units_told_apart then 'UNITS_DIFFER'
        end as no_change_because
    from series
    cross join measures
    cross join weightings
    left join series as earlier on earlier.series_key = series.previous_series_key
    left join {{ ref('int_disparity_measures') }} as values_now
        on values_now.series_key = series.series_key and values_now.weighting = weightings.weighting
        and values_now.area_grouping = measures.area_grouping and values_now.measure_code = measures.measure_code
    left join {{ ref('int_disparity_measures') }} as values_before
        on values_before.series_key = series.previous_series_key and values_before.weighting = weightings.weighting
        and values_before.area_grouping = measures.area_grouping and values_before.measure_code = measures.measure_code
),

final as (
    select
        {{ row_key(['measured.series_key', 'measured.weighting', 'measured.area_grouping', 'measured.measure_code']) }} as row_key,
        measured.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        indicators.domain, measured.definition, measured.unit_level, measured.geo_version, measured.urbanisation, measured.breakdown,
        measured.period, measured.period_start, measured.period_end, measured.basis, measured.weighting, measured.area_grouping,
        measured.measure_code, measured.measure_label_fr, measured.measure_label_ar, measured.measure_label_en,
        measured.value as measure_value, measured.undefined_because,
        measured.previous_period, measured.previous_value as previous_measure_value,
        case when measured.no_change_because is null then measured.value - measured.previous_value end as change,
        coalesce(measured.no_change_because, measured.undefined_because, measured.previous_undefined_because) as no_change_because,
        measured.obs_status,
        cast(measured.units_found as integer) as units_found, cast(measured.units_expected as integer) as units_expected,
        {{ share('measured.units_found', 'measured.units_expected') }} as coverage_share,
        case when measured.weighting = 'DENOMINATOR' then measured.weight_indicator end as weight_indicator,
        case when measured.weighting = 'DENOMINATOR' then measured.weight_on end as weight_on,
        measured.series_key, measured.previous_series_key
    from measured
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = measured.indicator
)

select * from final
