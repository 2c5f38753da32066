{{ config(meta={'dagster': {'ref': {'name': 'lineage'}}}) }}
-- Every source of a mart's row exists, and every figure of a mart has one.
with sources as (
    select 'OBSERVATION' as source_kind, observation_id as source_id from {{ ref('stg_observations') }}
    union all
    select 'TARGET' as source_kind, target_id as source_id from {{ ref('stg_targets') }}
    union all
    select 'EVENT' as source_kind, event_id as source_id from {{ ref('stg_events') }}
),

parts as (
    select units.series_key, count(statements.observation_id) as statements
    from {{ ref('int_compared_units') }} as units
    inner join {{ ref('stg_observations') }} as statements on statements.observation_id = units.observation_id
    where units.is_exact
    group by units.series_key
)

select lineage.mart, lineage.row_key, 'unknown source' as broken
from {{ ref('lineage') }} as lineage
left join sources on sources.source_kind = lineage.source_kind and sources.source_id = lineage.source_id
where sources.source_id is null
{% for mart in ['regional_indicators', 'regional_company_creation', 'local_indicators', 'national_indicators'] %}
union all
select '{{ mart }}', row_key, 'a value without a source' from {{ ref(mart) }} where value is not null and observation_id is null
{% endfor %}
-- Measures over many units have their parts in int_compared_units, by series: as many statements as they say they rest on.
{% for mart, column, count in [
    ('regional_disparity', 'series_key', 'units_found'), ('regional_convergence', 'series_key', 'units_in_both'),
    ('regional_convergence', 'previous_series_key', 'units_in_both'),
] %}
union all
select '{{ mart }}', marts.row_key, 'fewer statements than units'
from {{ ref(mart) }} as marts
left join parts on parts.series_key = marts.{{ column }}
where marts.{{ count }} > coalesce(parts.statements, 0)
{% endfor %}
