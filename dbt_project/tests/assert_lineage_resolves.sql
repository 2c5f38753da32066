{{ config(meta={'dagster': {'ref': {'name': 'lineage'}}}) }}
-- Every source of a mart's row exists, and every figure of a mart has one.
with sources as (
    select 'OBSERVATION' as source_kind, observation_id as source_id from {{ ref('stg_observations') }}
    union all
    select 'TARGET' as source_kind, target_id as source_id from {{ ref('stg_targets') }}
    union all
    select 'EVENT' as source_kind, event_id as source_id from {{ ref('stg_events') }}
)

select lineage.mart, lineage.row_key, 'unknown source' as broken
from {{ ref('lineage') }} as lineage
left join sources on sources.source_kind = lineage.source_kind and sources.source_id = lineage.source_id
where sources.source_id is null
{% for mart in ['regional_indicators', 'regional_company_creation', 'local_indicators', 'national_indicators'] %}
union all
select '{{ mart }}', row_key, 'a value without a source' from {{ ref(mart) }} where value is not null and observation_id is null
{% endfor %}
