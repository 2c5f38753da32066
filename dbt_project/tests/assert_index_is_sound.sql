{{ config(meta={'dagster': {'ref': {'name': 'regional_digital_index'}}}) }}
-- Contributions add up to the score; an area with every weighed component has one, and no other does; the headline rank lies
-- within the interval of ranks, and so does the rank on the other census; every area of the level is there, for every component;
-- variants are every combination of choices, once.
with components as (
    select
        index_code, ref_area, {{ total_of('contribution') }} as contributions,
        count(*) filter (where weight is not null and status <> 'USED') as missing, count(*) as components
    from {{ ref('regional_index_components') }}
    group by index_code, ref_area
),

on_other_census as (
    select
        index_code, ref_area,
        rank() over (partition by index_code order by round({{ total_of('weight * coalesce(other_census_score, score)') }}, 9) desc) as area_rank
    from {{ ref('regional_index_components') }}
    where weight is not null
    group by index_code, ref_area
    having count(score) = count(*)
)

select scores.row_key
from {{ ref('regional_digital_index') }} as scores
left join components on components.index_code = scores.index_code and components.ref_area = scores.ref_area
left join on_other_census on on_other_census.index_code = scores.index_code and on_other_census.ref_area = scores.ref_area
where components.ref_area is null
    or components.components <> (select count(*) from {{ ref('index_components') }} as declared where declared.index_code = scores.index_code)
    or (scores.arithmetic_score is null) <> (components.missing > 0)
    or abs(scores.arithmetic_score - components.contributions) > 1e-9
    or not scores.arithmetic_rank between scores.best_rank and scores.worst_rank
    or not scores.geometric_rank between scores.best_rank and scores.worst_rank
    or not scores.geometric_of_pillars_rank between scores.best_rank and scores.worst_rank
    or not on_other_census.area_rank between scores.best_rank and scores.worst_rank
union all
select index_code || ' has ' || count(*) || ' areas'
from {{ ref('regional_digital_index') }}
where unit_level = 'region'
group by index_code
having count(*) <> (select count(*) from {{ ref('areas') }} as areas where areas.level = 'region')
union all
select index_code || ' lacks a combination'
from {{ ref('int_index_variants') }}
group by index_code
having count(*) <> count(distinct ref_area) * count(distinct census) * count(distinct weight_set) * count(distinct normalisation || aggregation)
