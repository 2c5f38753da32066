-- Regional counts per 1,000 people and per 1,000 households, on the census that both are divided by, on the one before and on
-- the one after: one row for every cell that such figures are made of.
with cells as (
    select cells.*
    from {{ ref('int_regional_cells') }} as cells
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = cells.indicator
    where indicators.per_head
),

final as (
    select
        cells.definition, cells.ref_area, cells.urbanisation, cells.breakdown, cells.period_key,
        {%- for counted, measure in [('population', 'per_1000'), ('households', 'per_1000_households')] %}
        {{ per_head('cells.value', counted ~ '.' ~ counted) }} as {{ measure }},
        {{ counted }}.{{ counted }}, {{ counted }}.{{ counted }}_on, {{ counted }}.{{ counted }}_document,
        {{ counted }}.gap_years as {{ counted }}_gap_years, {{ counted }}.{{ counted }}_observation_id,
        {%- for side in ['before', 'after'] %}
        {{ per_head('cells.value', counted ~ '.' ~ side ~ '_' ~ counted) }} as {{ measure }}_census_{{ side }},
        {{ counted }}.{{ side }}_on as {{ counted }}_{{ side }}_on, {{ counted }}.{{ side }}_{{ counted }} as {{ counted }}_{{ side }},
        {{ counted }}.{{ side }}_observation_id as {{ counted }}_{{ side }}_observation_id,
        {%- endfor %}
        {%- endfor %}
        country.population as country_population, country.population_observation_id as country_population_observation_id
    from cells
    left join {{ ref('int_population_denominators') }} as population
        on population.ref_area = cells.ref_area and population.urbanisation = cells.urbanisation and population.period_end = cells.period_end
    left join {{ ref('int_household_denominators') }} as households
        on households.ref_area = cells.ref_area and households.urbanisation = cells.urbanisation and households.period_end = cells.period_end
    left join {{ ref('int_population_denominators') }} as country
        on country.ref_area = 'MA' and country.urbanisation = cells.urbanisation and country.period_end = cells.period_end
)

select * from final
