{{ config(meta={'dagster': {'ref': {'name': 'regional_digital_index'}}}) }}
-- Contributions add up to the score; an area with every weighed component has one, and no other does; the headline rank lies
-- within the interval of ranks; every area of the level is there, for every component.
with components as (
    select
        index_code, ref_area, {{ total_of('contribution') }} as contributions,
        count(*) filter (where weight is not null and status <> 'USED') as missing, count(*) as components
    from {{ ref('regional_index_components') }}
    group by index_code, ref_area
)

select scores.row_key
from {{ ref('regional_digital_index') }} as scores
left join components on components.index_code = scores.index_code and components.ref_area = scores.ref_area
where components.ref_area is null
    or components.components <> (select count(*) from {{ ref('index_components') }} as declared where declared.index_code = scores.index_code)
    or (scores.arithmetic_score is null) <> (components.missing > 0)
    or abs(scores.arithmetic_score - components.contributions) > 1e-9
    or not scores.arithmetic_rank between scores.best_rank and scores.worst_rank
    or not scores.geometric_rank between scores.best_rank and scores.worst_rank
    or not scores.geometric_of_pillars_rank between scores.best_rank and scores.worst_rank
union all
select index_code || ' has ' || count(*) || ' areas'
from {{ ref('regional_digital_index') }}
where unit_level = 'region'
group by index_code
having count(*) <> (select count(*) from {{ ref('areas') }} as areas where areas.level = 'region')
