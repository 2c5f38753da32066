-- Every area of an index with every component of it: the figure as the goalposts are stated, or none where none was published.
with sums as (
    select index_code, sum(weight) as pillar_weights from {{ ref('index_pillars') }} group by index_code
),

weights as (
    select
        components.*,
        pillars.weight as pillar_weight,
        cast(components.weight as double) / sum(components.weight) over (partition by components.index_code, components.pillar) as weight_in_pillar,
        cast(pillars.weight as double) / max(sums.pillar_weights) over (partition by components.index_code) as pillar_share
    from {{ ref('index_components') }} as components
    inner join {{ ref('index_pillars') }} as pillars on pillars.index_code = components.index_code and pillars.pillar = components.pillar
    inner join sums on sums.index_code = components.index_code
),

areas as (
    select
        ref_area, geo_version,
        case
            when level in ('country', 'region') then level
            when in_province_sums then 'province'
            when in_commune_sums then 'commune'
        end as unit_level
    from {{ ref('areas') }}
    where level in ('country', 'region') or in_province_sums or in_commune_sums
),

-- The country's own figures too, as they are: a published index of countries can be computed again from its components.
units as (
    select
        unit_level, ref_area, definition, urbanisation, breakdown, period_key, basis, period, period_end, value, rate, unit_measure,
        obs_status, weight_on, observation_id, weight_observation_id
    from {{ ref('int_compared_units') }}
    union all
    select
        'country' as unit_level, ref_area, definition, urbanisation, breakdown, period_key, 'VALUE' as basis, period, period_end, value,
        case when is_exact then cast(value as double) end as rate, unit_measure, obs_status,
        cast(null as date) as weight_on, observation_id, cast(null as varchar) as weight_observation_id
    from {{ ref('int_reconciliation_cells') }}
    where level = 'country' and unit_measure <> 'RANK'
),

final as (
    select
        weights.index_code, weights.component, weights.pillar, areas.ref_area, areas.geo_version, weights.unit_level,
        weights.definition, weights.urbanisation, weights.transform, weights.low, weights.high, weights.direction,
        weights.pillar_share, weights.weight_in_pillar, weights.pillar_share * weights.weight_in_pillar as weight,
        units.basis, units.period, units.period_end, units.value, units.rate, units.unit_measure, units.obs_status, units.weight_on,
        {{ transformed('units.rate', 'weights.transform') }} as figure,
        case
            when weights.definition is null then 'NO_REGIONAL_FIGURE'
            when {{ transformed('units.rate', 'weights.transform') }} is null then 'MISSING'
            else 'USED'
        end as status,
        units.observation_id, units.weight_observation_id
    from weights
    inner join areas on areas.unit_level = weights.unit_level
    left join units
        on units.unit_level = weights.unit_level and units.ref_area = areas.ref_area and units.definition = weights.definition
        and units.urbanisation = weights.urbanisation and units.breakdown = weights.breakdown and units.period_key = weights.period_key
)

select * from final
