{% macro census_denominators(counted, census_indicator, areas) -%}
    {#- For each area of `areas`, part and date that a per-head figure refers to: the census before it, the census after it, and
        the one to divide by, which is the one before unless there is none. `counted` names what the census counted (population,
        households) and the columns made of it, `census_indicator` the convention that names its indicator. -#}
    with censuses as (
        select ref_area, urbanisation, period_end as census_on, value as counted, document, observation_id
        from {{ ref('int_current_observations') }}
        where period_end is not null and indicator = {{ convention_text(census_indicator) }} and breakdown = '_T' and is_exact
    ),

    dates as (
        select distinct cells.ref_area, cells.urbanisation, cells.period_end
        from {{ ref('int_current_observations') }} as cells
        inner join {{ ref('indicators') }} as indicators on indicators.indicator = cells.indicator
        inner join {{ areas }} as areas on areas.ref_area = cells.ref_area
        where cells.period_end is not null and indicators.per_head
    ),

    neighbours as (
        select
            dates.ref_area, dates.urbanisation, dates.period_end,
            max(censuses.census_on) filter (where censuses.census_on <= dates.period_end) as before_on,
            min(censuses.census_on) filter (where censuses.census_on > dates.period_end) as after_on
        from dates
        left join censuses on censuses.ref_area = dates.ref_area and censuses.urbanisation = dates.urbanisation
        group by dates.ref_area, dates.urbanisation, dates.period_end
    ),

    final as (
        select
            neighbours.ref_area, neighbours.urbanisation, neighbours.period_end,
            coalesce(census_before.counted, census_after.counted) as {{ counted }},
            coalesce(neighbours.before_on, neighbours.after_on) as {{ counted }}_on,
            coalesce(census_before.document, census_after.document) as {{ counted }}_document,
            coalesce(census_before.observation_id, census_after.observation_id) as {{ counted }}_observation_id,
            abs({{ years_between('coalesce(neighbours.before_on, neighbours.after_on)', 'neighbours.period_end') }}) as gap_years,
            neighbours.before_on, census_before.counted as before_{{ counted }}, census_before.observation_id as before_observation_id,
            neighbours.after_on, census_after.counted as after_{{ counted }}, census_after.observation_id as after_observation_id
        from neighbours
        left join censuses as census_before
            on census_before.ref_area = neighbours.ref_area and census_before.urbanisation = neighbours.urbanisation
            and census_before.census_on = neighbours.before_on
        left join censuses as census_after
            on census_after.ref_area = neighbours.ref_area and census_after.urbanisation = neighbours.urbanisation
            and census_after.census_on = neighbours.after_on
    )

    select * from final
{%- endmacro %}
