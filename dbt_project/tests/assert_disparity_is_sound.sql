{{ config(meta={'dagster': {'ref': {'name': 'regional_disparity'}}}) }}
-- A measure is there or says why not, over every unit of its level once; between and within add up to the whole; nobody is
-- counted twice through the prefectures inside Casablanca, nor through communes that have arrondissements.
select row_key, 'neither value nor reason, or both' as broken
from {{ ref('regional_disparity') }}
where (measure_value is null) = (undefined_because is null)
    or (measure_value is not null and units_found <> units_expected)
    or (change is null) = (no_change_because is null)
union all
select whole.row_key, 'between and within are not the whole'
from {{ ref('regional_disparity') }} as whole
inner join {{ ref('regional_disparity') }} as part
    on part.series_key = whole.series_key and part.weighting = whole.weighting
    and substring(part.measure_code, 1, 7) = whole.measure_code
where whole.measure_code in ('THEIL_T', 'THEIL_L') and part.area_grouping <> '_Z'
group by whole.row_key, whole.measure_value, part.area_grouping
having abs(sum(part.measure_value) - whole.measure_value) > 1e-12 or (whole.measure_value is not null and count(part.measure_value) <> 2)
union all
select units.series_key, 'the units of a level are not the country'
from {{ ref('int_compared_units') }} as units
inner join {{ ref('int_compared_series') }} as series on series.series_key = units.series_key and series.is_complete
inner join {{ ref('int_current_observations') }} as country
    on country.ref_area = 'MA' and country.definition = units.definition and country.urbanisation = units.urbanisation
    and country.breakdown = units.breakdown and country.period_key = units.period_key and country.is_exact
where units.basis <> 'RATE' and units.indicator <> 'company_creations' and units.definition like 'hcp_%'
group by units.series_key, country.value
having abs(sum(units.value) - country.value) > {{ convention('half_unit_of_last_digit') }} * (count(*) + 1)
