with periods as (
    select * from {{ ref('int_company_creation_periods') }}
),

regions as (
    select
        definition, breakdown, period, publisher, method,
        count(*) filter (where value is not null and bound = 'EQ') as regions_exact,
        sum(value) filter (where bound = 'EQ') as regions_sum
    from periods
    where level = 'region'
    group by definition, breakdown, period, publisher, method
),

expected as (
    select count(*) as regions_expected from {{ ref('areas') }} where level = 'region'
),

-- Declared corrections behind a figure or behind what it was subtracted from.
corrected as (
    select observation_id, correction from {{ ref('stg_observations') }} where correction is not null
),

country as (
    select definition, breakdown, period, publisher, method, value as national_value, observation_id, subtracted_observation_id
    from periods
    where level = 'country' and bound = 'EQ'
),

checked as (
    select
        periods.*,
        case when periods.level = 'region' then coalesce(periods.total_of_same_documents, country.national_value) else country.national_value end as national_value,
        case
            when periods.level = 'region' and periods.total_of_same_documents is not null then 'SAME_DOCUMENTS'
            when country.national_value is not null then 'LATEST_VINTAGE'
        end as national_basis,
        case when periods.level = 'region' and periods.total_of_same_documents is not null then periods.total_observation_id else country.observation_id end as national_observation_id,
        case when periods.level = 'region' and periods.total_of_same_documents is not null then periods.total_subtracted_observation_id else country.subtracted_observation_id end as national_subtracted_observation_id,
        cast(coalesce(regions.regions_exact, 0) as integer) as regions_exact,
        cast(expected.regions_expected as integer) as regions_expected,
        case when regions.regions_exact = expected.regions_expected then regions.regions_sum end as regions_sum
    from periods
    cross join expected
    left join regions using (definition, breakdown, period, publisher, method)
    left join country using (definition, breakdown, period, publisher, method)
),

final as (
    select
        {{ row_key(['checked.definition', 'checked.ref_area', 'checked.breakdown', 'checked.period', 'checked.publisher', 'checked.method']) }} as row_key,
        indicators.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        checked.definition, checked.ref_area, checked.level,
        areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en, checked.geo_version,
        checked.breakdown, checked.period, checked.period_start, checked.period_end,
        checked.publisher, checked.method, checked.is_finest, checked.is_current, checked.is_revised, checked.mixes_vintages,
        checked.value, checked.unit_measure, checked.bound, checked.value_lower, checked.value_upper, checked.obs_status,
        checked.minuend, checked.subtrahend,
        case when checked.value is null and checked.method = 'BY_SUBTRACTION' then 'the cumulated figure falls from one statement to the next' end as undefined_because,
        checked.national_value, checked.national_basis, checked.regions_sum, checked.regions_exact, checked.regions_expected,
        checked.national_value - checked.regions_sum as national_difference,
        case
            when checked.national_value is null or checked.regions_sum is null then 'NOT_CHECKED'
            when checked.national_value = checked.regions_sum then 'ADDS_UP'
            else 'DIFFERENCE'
        end as sum_check,
        case when checked.level = 'region' and checked.bound = 'EQ' then {{ share('checked.value', 'checked.national_value') }} end as share_of_country,
        checked.document, checked.subtracted_document, nullif(concat_ws('; ', corrected.correction, subtracted.correction), '') as correction,
        checked.observation_id, checked.subtracted_observation_id,
        checked.national_observation_id, checked.national_subtracted_observation_id
    from checked
    inner join {{ ref('areas') }} as areas on areas.ref_area = checked.ref_area
    left join corrected on corrected.observation_id = checked.observation_id
    left join corrected as subtracted on subtracted.observation_id = checked.subtracted_observation_id
    inner join {{ ref('definitions') }} as definitions on definitions.definition = checked.definition
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = definitions.indicator
)

select * from final
