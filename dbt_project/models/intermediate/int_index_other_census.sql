-- The figures per head of an index on the other of the two censuses around their period: the one that they are not divided by.
with censuses as (
    select
        ref_area, urbanisation, period_end,
        case when population_on = before_on then after_population else before_population end as population,
        case when population_on = before_on then after_on else before_on end as census_on,
        case when population_on = before_on then after_observation_id else before_observation_id end as census_observation_id
    from {{ ref('int_population_denominators') }}
),

figures as (
    select
        figures.index_code, figures.component, figures.ref_area, figures.transform,
        {{ per_head('figures.value', 'censuses.population') }} as rate, censuses.census_on, censuses.census_observation_id
    from {{ ref('int_index_figures') }} as figures
    left join censuses
        on censuses.ref_area = figures.ref_area and censuses.urbanisation = figures.urbanisation and censuses.period_end = figures.period_end
    where figures.basis = 'PER_HEAD' and figures.rate is not null
),

-- Some areas on one census and some on another would be no comparison: it is all that have the component, or none.
complete as (
    select index_code, component from figures group by index_code, component having count(rate) = count(*)
),

final as (
    select
        figures.index_code, figures.component, figures.ref_area, figures.rate,
        {{ transformed('figures.rate', 'figures.transform') }} as figure, figures.census_on, figures.census_observation_id
    from figures
    inner join complete on complete.index_code = figures.index_code and complete.component = figures.component
)

select * from final
