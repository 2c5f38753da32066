-- The sets of statements that figures are computed over, each once: a measure of disparity over 1,503 communes names the set
-- in lineage, and so do the sixty measures beside it.
with compared as (
    select series_key as parts_key, 'UNIT' as role, observation_id from {{ ref('int_compared_units') }}
    union all
    select series_key as parts_key, 'WEIGHT' as role, weight_observation_id as observation_id from {{ ref('int_compared_units') }}
),

-- Ranks of a world ranking are listed by region, and never compared by a measure.
regions as (
    select series_key as parts_key, 'UNIT' as role, observation_id
    from {{ ref('regional_indicators') }}
    where series_key not in (select units.series_key from {{ ref('int_compared_units') }} as units)
),

creations as (
    {%- for column, role in [('observation_id', 'UNIT'), ('subtracted_observation_id', 'SUBTRACTED')] %}
    select {{ row_key(['definition', 'breakdown', 'period', 'publisher', 'method']) }} as parts_key, '{{ role }}' as role, {{ column }} as observation_id
    from {{ ref('regional_company_creation') }}
    where level = 'region' and bound = 'EQ' and value is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

paths as (
    {%- for side in ['URBAN', 'RURAL'] %}
    select {{ row_key(['definition', 'ref_area', 'breakdown', "'" ~ side ~ "'"]) }} as parts_key, 'UNIT' as role, {{ side | lower }}_observation_id as observation_id
    from {{ ref('urban_rural_divide') }}
    where {{ side | lower }}_value is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

aggregates as (
    select aggregate_key as parts_key, 'UNIT' as role, observation_id from {{ ref('int_aggregate_parts') }} where is_exact
    union all
    select aggregate_key as parts_key, 'WEIGHT' as role, weight_observation_id as observation_id from {{ ref('int_aggregate_parts') }}
),

-- An index over all its areas, of one area, and one pillar of it.
indices as (
    {%- for key in [['index_code'], ['index_code', 'ref_area'], ['index_code', 'ref_area', 'pillar']] %}
    select {{ row_key(key) }} as parts_key, 'UNIT' as role, observation_id from {{ ref('regional_index_components') }}
    union all
    select {{ row_key(key) }} as parts_key, 'WEIGHT' as role, weight_observation_id as observation_id from {{ ref('regional_index_components') }}
    union all
    {%- endfor %}
    -- A set of its own: no score rests on the other census, the ranks beside them do.
    select {{ row_key(['index_code', "'OTHER_CENSUS'"]) }} as parts_key, 'WEIGHT' as role, other_census_observation_id as observation_id
    from {{ ref('regional_index_components') }}
    where weight is not null
),

united as (
    select * from compared
    union all
    select * from regions
    union all
    select * from creations
    union all
    select * from aggregates
    union all
    select * from paths
    union all
    -- Two components of an index may be weighed by one population.
    select distinct * from indices
),

final as (
    select parts_key, role, observation_id from united where observation_id is not null
)

select * from final
