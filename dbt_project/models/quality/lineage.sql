{%- set origins = [
    ('regional_indicators', 'row_key', 'observation_id', 'VALUE'),
    ('regional_indicators', 'row_key', 'national_observation_id', 'NATIONAL_VALUE'),
    ('regional_indicators', 'row_key', 'population_observation_id', 'POPULATION'),
    ('regional_indicators', 'row_key', 'census_before_observation_id', 'CENSUS_BEFORE'),
    ('regional_indicators', 'row_key', 'census_after_observation_id', 'CENSUS_AFTER'),
    ('regional_indicators', 'row_key', 'country_population_observation_id', 'COUNTRY_POPULATION'),
    ('regional_indicators', 'row_key', 'households_observation_id', 'HOUSEHOLDS'),
    ('regional_indicators', 'row_key', 'households_before_observation_id', 'HOUSEHOLDS_BEFORE'),
    ('regional_indicators', 'row_key', 'households_after_observation_id', 'HOUSEHOLDS_AFTER'),
    ('regional_indicators', 'row_key', 'previous_census_observation_id', 'PREVIOUS_CENSUS'),
    ('regional_indicators', 'row_key', 'whole_observation_id', 'WHOLE'),
    ('regional_indicators', 'row_key', 'country_whole_observation_id', 'COUNTRY_WHOLE'),
    ('regional_company_creation', 'row_key', 'observation_id', 'VALUE'),
    ('regional_company_creation', 'row_key', 'subtracted_observation_id', 'SUBTRACTED'),
    ('regional_company_creation', 'row_key', 'national_observation_id', 'NATIONAL_VALUE'),
    ('regional_company_creation', 'row_key', 'national_subtracted_observation_id', 'NATIONAL_SUBTRACTED'),
    ('local_indicators', 'row_key', 'observation_id', 'VALUE'),
    ('local_indicators', 'row_key', 'population_observation_id', 'POPULATION'),
    ('local_indicators', 'row_key', 'region_observation_id', 'REGION_VALUE'),
    ('area_aggregates', 'row_key', 'published_observation_id', 'PUBLISHED'),
    ('urban_rural_divide', 'row_key', 'urban_observation_id', 'URBAN_VALUE'),
    ('urban_rural_divide', 'row_key', 'rural_observation_id', 'RURAL_VALUE'),
    ('regional_index_components', 'row_key', 'observation_id', 'FIGURE'),
    ('regional_index_components', 'row_key', 'weight_observation_id', 'DENOMINATOR'),
    ('regional_index_components', 'row_key', 'other_census_observation_id', 'OTHER_CENSUS'),
    ('national_indicators', 'row_key', 'observation_id', 'VALUE'),
    ('national_indicators', 'row_key', 'previous_observation_id', 'PREVIOUS_VALUE'),
    ('city_programme_figures', 'row_key', 'observation_id', 'VALUE'),
    ('strategy_progress', "target_id || '|' || method_code", 'actual_observation_id', 'ACTUAL'),
    ('strategy_progress', "target_id || '|' || method_code", 'observed_baseline_observation_id', 'OBSERVED_BASELINE'),
    ('strategy_progress', "target_id || '|' || method_code", 'known_at_due_observation_id', 'KNOWN_AT_DUE'),
] %}
{#- Rows that rest on a set of statements, which quality.lineage_parts lists once for all of them. -#}
{%- set sets = [
    ('regional_indicators', 'row_key', 'series_key', 'ALL_REGIONS', 'true'),
    ('regional_company_creation', 'row_key', row_key(['definition', 'breakdown', 'period', 'publisher', 'method']), 'ALL_REGIONS', 'regions_exact > 0'),
    ('regional_disparity', 'row_key', 'series_key', 'ALL_UNITS', 'true'),
    ('regional_disparity', 'row_key', 'previous_series_key', 'PREVIOUS_UNITS', 'previous_series_key is not null'),
    ('regional_convergence', 'row_key', 'series_key', 'ALL_UNITS', 'true'),
    ('regional_convergence', 'row_key', 'previous_series_key', 'PREVIOUS_UNITS', 'true'),
    ('area_aggregates', 'row_key', 'row_key', 'ALL_PARTS', 'parts_found > 0'),
    ('area_aggregates', 'row_key', 'previous_row_key', 'PREVIOUS_PARTS', 'previous_row_key is not null'),
    ('urban_rural_divide', 'row_key', row_key(['definition', 'ref_area', 'breakdown', 'side_ahead']), 'PATH_AHEAD', 'side_ahead is not null'),
    ('regional_index_components', 'row_key', row_key(['index_code', 'ref_area', 'pillar']), 'PILLAR', 'pillar_score is not null'),
    ('regional_digital_index', 'row_key', row_key(['index_code', 'ref_area']), 'COMPONENTS', 'components_used > 0'),
    ('regional_digital_index', 'row_key', 'index_code', 'ALL_AREAS',
        'index_code in (select used.index_code from ' ~ ref('regional_index_components') ~ ' as used where used.observation_id is not null)'),
    ('regional_index_sensitivity', 'row_key', 'index_code', 'ALL_AREAS',
        'index_code in (select used.index_code from ' ~ ref('regional_index_components') ~ ' as used where used.observation_id is not null)'),
] %}
{#- Ranks on the other census rest on its populations as well, where a weighed component has one. -#}
{%- for mart in ['regional_digital_index', 'regional_index_sensitivity'] %}
    {%- do sets.append((mart, 'row_key', row_key(['index_code', "'OTHER_CENSUS'"]), 'OTHER_CENSUS',
        'index_code in (select used.index_code from ' ~ ref('regional_index_components')
        ~ ' as used where used.other_census_observation_id is not null and used.weight is not null)')) %}
{%- endfor %}
with observations as (
    {%- for mart, key, column, role in origins %}
    select '{{ mart }}' as mart, {{ key }} as row_key, 'OBSERVATION' as source_kind, {{ column }} as source_id, '{{ role }}' as role
    from {{ ref(mart) }}
    where {{ column }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

parts as (
    {%- for mart, key, parts_key, role, condition in sets %}
    select '{{ mart }}' as mart, {{ key }} as row_key, 'PARTS' as source_kind, {{ parts_key }} as source_id, '{{ role }}' as role
    from {{ ref(mart) }}
    where {{ condition }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

sources as (
    select mart, row_key, source_kind, source_id, role from observations
    union all
    select mart, row_key, source_kind, source_id, role from parts
    union all
    select mart, row_key, source_kind, source_id, role from {{ ref('int_strategy_lineage') }}
),

corrected as (
    select 'OBSERVATION' as source_kind, observation_id as source_id, correction from {{ ref('stg_observations') }} where correction is not null
    union all
    select 'TARGET' as source_kind, target_id as source_id, correction from {{ ref('stg_targets') }} where correction is not null
),

final as (
    select sources.mart, sources.row_key, sources.source_kind, sources.source_id, sources.role, corrected.correction
    from sources
    left join corrected using (source_kind, source_id)
)

select * from final
