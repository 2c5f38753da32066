-- The index of every area that has every weighed component, under every census, normalisation, aggregation and set of weights:
-- as declared, and with each pillar's weight moved up or down by the declared share, in all combinations.
with used as (
    select
        figures.index_code, figures.component, figures.pillar, figures.ref_area, figures.weight, figures.low, figures.high, figures.direction,
        figures.figure, others.figure as other_census_figure
    from {{ ref('int_index_figures') }} as figures
    left join {{ ref('int_index_other_census') }} as others
        on others.index_code = figures.index_code and others.component = figures.component and others.ref_area = figures.ref_area
    where figures.weight is not null and figures.status = 'USED'
),

-- On the other census, what has no other one stays as it is; an index of which no component has one is computed once.
figures as (
    select index_code, component, pillar, ref_area, weight, low, high, direction, 'AS_COMPARED' as census, figure
    from used
    union all
    select index_code, component, pillar, ref_area, weight, low, high, direction, 'OTHER_CENSUS' as census, coalesce(other_census_figure, figure) as figure
    from used
    where index_code in (select others.index_code from used as others where others.other_census_figure is not null)
),

scores as (
    {{ normalised_scores('figures', 'index_code, census, component') }}
),

needed as (
    select index_code, count(distinct component) as components
    from {{ ref('int_index_figures') }}
    where weight is not null
    group by index_code
),

weighed as (
    select
        scores.index_code, scores.ref_area, scores.census, weight_sets.weight_set, scores.pillar, scores.component,
        scores.weight * weight_sets.factor as weight,
        scores.goalpost, scores.minmax, scores.zscore, scores.borda
    from scores
    inner join {{ ref('int_index_weight_sets') }} as weight_sets on weight_sets.index_code = scores.index_code and weight_sets.pillar = scores.pillar
),

-- As the Human Development Index has it: what is alike within a pillar makes up for itself, pillars do not make up for each other.
pillars as (
    select
        index_code, ref_area, census, weight_set, pillar, count(*) as components,
        {{ weighted_arithmetic('goalpost', 'weight') }} as score, {{ total_of('weight') }} as weight
    from weighed
    group by index_code, ref_area, census, weight_set, pillar
),

aggregated as (
    {%- set variants = [
        ('GOALPOST', 'ARITHMETIC'), ('GOALPOST', 'GEOMETRIC'), ('MINMAX', 'ARITHMETIC'), ('ZSCORE', 'ARITHMETIC'), ('BORDA', 'ARITHMETIC'),
    ] %}
    {%- for normalisation, aggregation in variants %}
    select
        weighed.index_code, weighed.ref_area, weighed.census, weighed.weight_set, '{{ normalisation }}' as normalisation, '{{ aggregation }}' as aggregation,
        {{ weighted_geometric(normalisation | lower, 'weight') if aggregation == 'GEOMETRIC' else weighted_arithmetic(normalisation | lower, 'weight') }} as score
    from weighed
    inner join needed on needed.index_code = weighed.index_code
    group by weighed.index_code, weighed.ref_area, weighed.census, weighed.weight_set, needed.components
    having count(*) = needed.components
    union all
    {%- endfor %}
    select
        pillars.index_code, pillars.ref_area, pillars.census, pillars.weight_set, 'GOALPOST' as normalisation, 'GEOMETRIC_OF_PILLARS' as aggregation,
        {{ weighted_geometric('pillars.score', 'pillars.weight') }} as score
    from pillars
    inner join needed on needed.index_code = pillars.index_code
    group by pillars.index_code, pillars.ref_area, pillars.census, pillars.weight_set, needed.components
    having sum(pillars.components) = needed.components
),

-- Ranked to the digits that a sum of doubles is sure of, so that equal scores share a rank.
final as (
    select
        *,
        case when score is not null then rank() over (
            partition by index_code, census, weight_set, normalisation, aggregation order by round(score, 9) desc nulls last
        ) end as area_rank
    from aggregated
)

select * from final
