-- What regions' census figures have become since the census before, under one definition: the difference, for counts the
-- growth too, or why there is none. A census is a date at which the population that per-head figures divide by was counted.
with cells as (
    select * from {{ ref('int_regional_cells') }} where freq_class = 'STOCK'
),

censuses as (
    select period_end as census_on, lag(period_end) over (order by period_end) as previous_census_on
    from {{ ref('int_current_observations') }}
    where indicator = {{ convention_text('per_head_population_indicator') }} and breakdown = '_T' and is_exact and period_end is not null
    group by period_end
),

counted as (
    select cells.*, censuses.previous_census_on, units.additive
    from cells
    inner join censuses on censuses.census_on = cells.period_end
    inner join {{ ref('units') }} as units on units.unit_measure = cells.unit_measure
),

-- What the census before has of the indicator under other definitions: not subtracted, but named.
redefined as (
    select
        counted.definition, counted.ref_area, counted.urbanisation, counted.breakdown, counted.period_key,
        {{ joined('other.definition') }} as other_definitions
    from counted
    inner join cells as other
        on other.indicator = counted.indicator and other.definition <> counted.definition and other.ref_area = counted.ref_area
        and other.urbanisation = counted.urbanisation and other.breakdown = counted.breakdown
        and other.period_end = counted.previous_census_on and other.has_value
    group by counted.definition, counted.ref_area, counted.urbanisation, counted.breakdown, counted.period_key
),

paired as (
    select
        counted.*, earlier.value as earlier_value, earlier.observation_id as earlier_observation_id,
        case
            when not counted.has_value then 'no figure of this region was read'
            when counted.previous_census_on is null then 'no earlier census here'
            when earlier.has_value is not true and redefined.other_definitions is not null
                then 'the census before has it only under another definition (' || redefined.other_definitions || ')'
            when earlier.has_value is not true then 'no figure of the census before'
            when counted.obs_status = 'B' then 'a break in the series lies between the two censuses'
            when not (counted.is_exact and earlier.is_exact) then 'a bound on one side: no exact difference'
        end as no_change_because
    from counted
    left join cells as earlier
        on earlier.definition = counted.definition and earlier.ref_area = counted.ref_area and earlier.urbanisation = counted.urbanisation
        and earlier.breakdown = counted.breakdown and earlier.period_end = counted.previous_census_on
    left join redefined
        on redefined.definition = counted.definition and redefined.ref_area = counted.ref_area
        and redefined.urbanisation = counted.urbanisation and redefined.breakdown = counted.breakdown
        and redefined.period_key = counted.period_key
),

final as (
    select
        definition, ref_area, urbanisation, breakdown, period_key, additive, no_change_because,
        case when no_change_because is null then previous_census_on end as previous_census_on,
        case when no_change_because is null then {{ years_between('previous_census_on', 'period_end') }} end as previous_census_gap_years,
        case when no_change_because is null then earlier_value end as previous_census_value,
        case when no_change_because is null then value - earlier_value end as change_since_census,
        case when no_change_because is null and additive then {{ share('value - earlier_value', 'earlier_value') }} end as growth_since_census,
        case when no_change_because is null then earlier_observation_id end as previous_census_observation_id
    from paired
)

select * from final
