with scored as (
    select
        figures.*, others.rate as other_census_rate, others.census_on as other_census_on, others.census_observation_id as other_census_observation_id,
        case when figures.status = 'USED'
            then {{ convention('index_base') }} * {{ goalpost('figures.figure', 'figures.low', 'figures.high', 'figures.direction') }} end as score,
        {{ convention('index_base') }} * {{ goalpost('others.figure', 'figures.low', 'figures.high', 'figures.direction') }} as other_census_score
    from {{ ref('int_index_figures') }} as figures
    left join {{ ref('int_index_other_census') }} as others
        on others.index_code = figures.index_code and others.component = figures.component and others.ref_area = figures.ref_area
),

final as (
    select
        {{ row_key(['scored.index_code', 'scored.ref_area', 'scored.component']) }} as row_key,
        scored.index_code, scored.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en,
        scored.unit_level, scored.geo_version,
        scored.pillar, pillars.label_fr as pillar_label_fr, pillars.label_ar as pillar_label_ar, pillars.label_en as pillar_label_en,
        scored.component, components.label_fr as component_label_fr, components.label_ar as component_label_ar, components.label_en as component_label_en,
        scored.status, scored.definition, scored.basis, scored.period, scored.period_end, scored.rate as figure,
        case when scored.basis = 'PER_HEAD' then 'PER_1000_PERSONS' else scored.unit_measure end as unit_measure,
        scored.transform, scored.low, scored.high, scored.direction,
        scored.score,
        scored.weight,
        case when count(*) filter (where scored.weight is not null and scored.status <> 'USED') over whole_index = 0
            then scored.weight * scored.score end as contribution,
        case when count(*) filter (where scored.status <> 'USED') over whole_pillar = 0
            then cast(sum(cast(scored.weight_in_pillar * scored.score as {{ share_type() }})) over whole_pillar as double) end as pillar_score,
        components.source as goalposts_from,
        scored.obs_status, scored.weight_on as population_on,
        scored.observation_id, scored.weight_observation_id,
        scored.other_census_rate as other_census_figure, scored.other_census_on, scored.other_census_score, scored.other_census_observation_id
    from scored
    inner join {{ ref('areas') }} as areas on areas.ref_area = scored.ref_area
    inner join {{ ref('index_components') }} as components on components.index_code = scored.index_code and components.component = scored.component
    inner join {{ ref('index_pillars') }} as pillars on pillars.index_code = scored.index_code and pillars.pillar = scored.pillar
    window
        whole_index as (partition by scored.index_code, scored.ref_area),
        whole_pillar as (partition by scored.index_code, scored.ref_area, scored.pillar)
)

select * from final
