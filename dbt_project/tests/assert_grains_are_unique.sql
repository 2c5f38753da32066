{{ config(meta={'dagster': {'ref': {'name': 'int_current_observations'}}}) }}
-- Views and intermediate tables have no primary key of their own; these are the ones that others join on.
-- Where a third word says how, a night looks at what it touched: whatever has the same key is in the same cell or series.
{%- set grains = [
    ('stg_observations', 'observation_id', 'cell_id'), ('stg_targets', 'target_id'), ('stg_events', 'event_id'),
    ('base_observations', "observation_id, coalesce(correction, '')", 'cell_id'), ('base_targets', "target_id, dataset, release, coalesce(correction, '')"),
    ('int_observation_vintages', 'cell_id, place', 'cell_id'), ('int_latest_vintages', 'cell_id, publisher', 'cell_id'), ('corrections', 'correction'),
    ('int_current_observations', 'cell_id', 'cell_id'), ('int_current_observations', 'definition, ref_area, urbanisation, breakdown, period_key', 'cell_id'),
    ('int_population_denominators', 'ref_area, urbanisation, period_end'), ('int_target_verdicts', 'target_id, known_as_of'), ('int_target_methods', 'target_id, method_code'), ('int_target_alternatives', 'target_id, observation_id'),
    ('progress_shapes', 'applies_to, code'), ('progress_classes', 'method_code, class_code'), ('target_promises', 'target_id'), ('place_programmes', 'programme'),
    ('territory_figures', 'definition, urbanisation, breakdown'), ('strategy_target_chains', 'row_key'), ('city_programme_figures', 'row_key'),

    ('int_regional_cells', 'definition, ref_area, urbanisation, breakdown, period_key'), ('int_household_denominators', 'ref_area, urbanisation, period_end'),
    ('int_regional_per_head', 'definition, ref_area, urbanisation, breakdown, period_key'), ('int_census_changes', 'definition, ref_area, urbanisation, breakdown, period_key'),
    ('int_aggregate_parts', 'aggregate_key, part'), ('int_area_aggregates', 'aggregate_key'), ('local_indicators', 'row_key', 'cell_id'), ('lineage', 'mart, row_key, role, source_id', 'lineage'),
    ('lineage_parts', 'parts_key, role, observation_id', 'parts'), ('lineage_rules', 'mart, column_name, rests_on'),
    ('int_compared_units', 'series_key, ref_area', 'series'), ('int_compared_series', 'series_key'),
    ('int_disparity_measures', 'series_key, weighting, area_grouping, measure_code', 'series_key'), ('area_groups', 'area_grouping, region'),
    ('int_index_figures', 'index_code, component, ref_area'), ('int_index_variants', 'index_code, ref_area, census, weight_set, normalisation, aggregation'),
    ('int_index_other_census', 'index_code, component, ref_area'),
    ('break_links', 'definition, ref_area, urbanisation, breakdown, period'), ('int_index_weight_sets', 'index_code, weight_set, pillar'), ('index_pillars', 'index_code, pillar'), ('index_components', 'index_code, component'),
    ('areas', 'ref_area'), ('indicators', 'indicator'), ('definitions', 'definition'), ('units', 'unit_measure'), ('publishers', 'publisher'),
    ('documents', 'document'), ('strategies', 'strategy'), ('code_lists', 'code_list, code'), ('conventions', 'convention'),
] %}
{% for grain in grains %}
{%- set model, key, touched_by = grain[0], grain[1], grain[2] | default('') %}
{%- if touched_by == 'lineage' %}
    {%- set relation = tested_lineage() %}
{%- elif touched_by == 'parts' %}
    {%- set relation = '(select * from ' ~ ref(model) ~ ' where ' ~ is_tested_set('parts_key') ~ ')' %}
{%- elif touched_by %}
    {%- set relation = tested(ref(model), touched_by) %}
{%- else %}
    {%- set relation = ref(model) %}
{%- endif %}
select '{{ model }} ({{ key | replace("'", '') }})' as grain, count(*) as doubled
from (
    select {{ key }} from {{ relation }}
    where {{ row_hash(key) }} in (select {{ row_hash(key) }} as hashed from {{ relation }} group by hashed having count(*) > 1)
    group by {{ key }} having count(*) > 1
)
having count(*) > 0
{% if not loop.last %}union all{% endif %}
{% endfor %}
