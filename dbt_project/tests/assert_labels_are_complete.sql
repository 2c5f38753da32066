{{ config(meta={'dagster': {'ref': {'name': 'indicators'}}}) }}
-- Every label, title and name is there in French, Arabic and English: an empty text is as bad as none.
{%- set labelled = ['areas', 'indicators', 'definitions', 'units', 'publishers', 'strategies', 'code_lists', 'area_groups', 'index_pillars', 'index_components', 'progress_classes'] %}
{% for seed in labelled %}
select '{{ seed }}' as seed, label_en as row_label, concat_ws(',', case when coalesce(trim(label_fr), '') = '' then 'fr' end,
    case when coalesce(trim(label_ar), '') = '' then 'ar' end, case when coalesce(trim(label_en), '') = '' then 'en' end) as missing
from {{ ref(seed) }}
where coalesce(trim(label_fr), '') = '' or coalesce(trim(label_ar), '') = '' or coalesce(trim(label_en), '') = ''
union all
{% endfor %}
select 'datasets', dataset, 'title' from {{ ref('datasets') }}
where trim(title_fr) = '' or trim(title_ar) = '' or trim(title_en) = ''
union all
select 'strategy_timeline', row_key, 'title' from {{ ref('strategy_timeline') }}
where trim(title_fr) = '' or trim(title_ar) = '' or trim(title_en) = ''
