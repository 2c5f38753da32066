{{ config(meta={'dagster': {'ref': {'name': 'stg_observations'}}}) }}
-- Every code that a statement (of replaced releases too) or a reference table uses is known, and a definition is used as it
-- defines itself.
{%- set uses = [
    ('observations', 'indicator', 'indicators', 'indicator'), ('observations', 'definition', 'definitions', 'definition'),
    ('observations', 'ref_area', 'areas', 'ref_area'), ('observations', 'publisher', 'publishers', 'publisher'),
    ('observations', 'document', 'documents', 'document'), ('observations', 'unit_measure', 'units', 'unit_measure'),
    ('stg_targets', 'strategy', 'strategies', 'strategy'), ('stg_targets', 'indicator', 'indicators', 'indicator'),
    ('stg_targets', 'definition', 'definitions', 'definition'), ('stg_targets', 'ref_area', 'areas', 'ref_area'),
    ('stg_targets', 'document', 'documents', 'document'), ('stg_targets', 'publisher', 'publishers', 'publisher'),
    ('stg_targets', 'supersedes', 'stg_targets', 'target_id'),
    ('stg_events', 'strategy', 'strategies', 'strategy'), ('stg_events', 'document', 'documents', 'document'),
    ('definitions', 'indicator', 'indicators', 'indicator'), ('definitions', 'unit_measure', 'units', 'unit_measure'),
    ('indicators', 'denominator', 'indicators', 'indicator'), ('documents', 'publisher', 'publishers', 'publisher'),
    ('documents', 'printed_by', 'publishers', 'publisher'), ('strategies', 'predecessor', 'strategies', 'strategy'),
    ('areas', 'parent', 'areas', 'ref_area'), ('areas', 'province', 'areas', 'ref_area'), ('areas', 'region', 'areas', 'ref_area'),
    ('area_groups', 'region', 'areas', 'ref_area'), ('index_components', 'definition', 'definitions', 'definition'),
    ('units', 'unit_measure', 'progress_shapes', 'code'), ('territory_figures', 'definition', 'definitions', 'definition'),
    ('place_programmes', 'place', 'areas', 'ref_area'), ('place_programmes', 'commune', 'areas', 'ref_area'),
    ('place_programmes', 'strategy', 'strategies', 'strategy'),
    ('break_links', 'definition', 'definitions', 'definition'), ('break_links', 'ref_area', 'areas', 'ref_area'), ('break_links', 'document', 'documents', 'document'),
    ('index_components', 'pillar', 'index_pillars', 'pillar'), ('datasets', 'publisher', 'publishers', 'publisher'),
] %}
{% for model, column, reference, key in uses %}
select distinct '{{ model }}.{{ column }}' as used_in, {{ column }} as code
from {{ tested(source('raw', model)) if model == 'observations' else ref(model) }}
where {{ column }} is not null and {{ column }} not in (select {{ key }} from {{ ref(reference) }})
union all
{% endfor %}
select distinct 'stg_observations against definitions', observations.definition
from {{ tested(ref('stg_observations')) }} as observations
inner join {{ ref('definitions') }} as definitions on definitions.definition = observations.definition
where definitions.indicator <> observations.indicator or definitions.unit_measure <> observations.unit_measure
    or definitions.freq_class <> observations.freq_class
union all
select 'break_links without a break', links.definition
from {{ ref('break_links') }} as links
left join {{ ref('int_current_observations') }} as cells
    on cells.definition = links.definition and cells.ref_area = links.ref_area and cells.urbanisation = links.urbanisation
    and cells.breakdown = links.breakdown and cells.period = links.period and cells.obs_status = 'B'
where cells.cell_id is null
union all
select 'progress_shapes of ' || lower(shapes.applies_to), shapes.code
from {{ ref('progress_shapes') }} as shapes
left join {{ ref('units') }} as units on shapes.applies_to = 'UNIT' and units.unit_measure = shapes.code
left join {{ ref('indicators') }} as indicators on shapes.applies_to = 'INDICATOR' and indicators.indicator = shapes.code
where units.unit_measure is null and indicators.indicator is null
union all
select 'place_programmes outside their commune', programmes.programme
from {{ ref('place_programmes') }} as programmes
inner join {{ ref('areas') }} as places on places.ref_area = programmes.place
inner join {{ ref('areas') }} as communes on communes.ref_area = programmes.commune
where communes.province <> places.province
