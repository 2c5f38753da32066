-- Every region for every series that at least one region has, with the country beside it: a region of which no
-- figure was read is a row without a value, never a zero.
with cells as (
    select * from {{ ref('int_current_observations') }}
    where ref_area in (select areas.ref_area from {{ ref('areas') }} as areas where areas.level in ('country', 'region'))
),

regions as (
    select ref_area, geo_version from {{ ref('areas') }} where level = 'region'
),

expected as (
    select count(*) as regions_expected from regions
),

reported as (
    select cells.* from cells inner join regions on regions.ref_area = cells.ref_area
),

series as (
    select
        indicator, definition, freq_class, urbanisation, breakdown, period, period_key, period_start, period_end,
        min(unit_measure) as unit_measure,
        count(*) filter (where has_value) as regions_reporting,
        count(*) filter (where is_exact) as regions_exact,
        count(*) filter (where obs_status = 'U') as regions_unreliable,
        sum(value) filter (where is_exact) as regions_sum
    from reported
    group by indicator, definition, freq_class, urbanisation, breakdown, period, period_key, period_start, period_end
),

country as (
    select cells.*
    from cells
    inner join {{ ref('areas') }} as areas on areas.ref_area = cells.ref_area
    where areas.level = 'country' and cells.is_exact
),

final as (
    select
        regions.ref_area, regions.geo_version,
        series.indicator, series.definition, series.freq_class, series.urbanisation, series.breakdown,
        series.period, series.period_key, series.period_start, series.period_end, series.unit_measure,
        reported.cell_id, reported.observation_id, reported.value, reported.value_lower, reported.value_upper,
        reported.bound, reported.tolerance, coalesce(reported.is_exact, false) as is_exact, coalesce(reported.has_value, false) as has_value,
        reported.obs_status, reported.flow, reported.dataset, reported.publisher, reported.document, reported.correction, reported.decided_by, reported.statements,
        series.regions_reporting, series.regions_exact, series.regions_unreliable,
        expected.regions_expected,
        series.regions_sum,
        country.value as national_value, country.observation_id as national_observation_id
    from series
    cross join regions
    cross join expected
    left join reported
        on reported.ref_area = regions.ref_area and reported.definition = series.definition
        and reported.urbanisation = series.urbanisation and reported.breakdown = series.breakdown
        and reported.period_key = series.period_key
    left join country
        on country.definition = series.definition and country.urbanisation = series.urbanisation
        and country.breakdown = series.breakdown and country.period_key = series.period_key
)

select * from final
