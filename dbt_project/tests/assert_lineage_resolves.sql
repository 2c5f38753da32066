{{ config(meta={'dagster': {'ref': {'name': 'lineage'}}}) }}
-- Every source of a mart's row exists, and every figure of a mart has what its column is declared to rest on.
with parts as (
    select
        parts.parts_key,
        count(*) filter (where parts.role = 'UNIT') as statements,
        count(*) filter (where said.observation_id is null) as unknown
    from {{ ref('lineage_parts') }} as parts
    left join {{ ref('stg_observations') }} as said on said.observation_id = parts.observation_id
    where {{ is_tested_set('parts.parts_key') }}
    group by parts.parts_key
),

sources as (
    select 'OBSERVATION' as source_kind, observation_id as source_id from {{ ref('stg_observations') }}
    union all
    select 'PARTS' as source_kind, parts_key as source_id from parts where unknown = 0
    union all
    select 'TARGET' as source_kind, target_id as source_id from {{ ref('stg_targets') }}
    union all
    select 'EVENT' as source_kind, event_id as source_id from {{ ref('stg_events') }}
)

select lineage.mart, lineage.row_key, 'unknown source' as broken
from {{ tested_lineage() }} as lineage
left join sources on sources.source_kind = lineage.source_kind and sources.source_id = lineage.source_id
where sources.source_id is null
{% for mart in ['regional_indicators', 'regional_company_creation', 'local_indicators', 'national_indicators'] %}
union all
select '{{ mart }}', row_key, 'a value without a source' from {{ tested(ref(mart)) if mart == 'local_indicators' else ref(mart) }} where value is not null and observation_id is null
{% endfor %}
-- Measures over many units rest on at least as many statements as they say.
{% for mart, column, count in [
    ('regional_disparity', 'series_key', 'units_found'), ('regional_convergence', 'series_key', 'units_in_both'),
    ('regional_convergence', 'previous_series_key', 'units_in_both'), ('regional_indicators', 'series_key', 'regions_reporting'),
] %}
union all
select '{{ mart }}', marts.row_key, 'fewer statements than units'
from {{ ref(mart) }} as marts
left join parts on parts.parts_key = marts.{{ column }}
where marts.{{ count }} > coalesce(parts.statements, 0) and {{ is_tested_set('marts.' ~ column) }}
{% endfor %}
