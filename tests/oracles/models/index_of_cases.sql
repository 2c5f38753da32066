-- Every worked example through the macros of the composite index: scores, aggregates and the order that no weights can change.
with figures as (
    select *, {{ transformed('value', 'transform') }} as figure from {{ ref('index_cases') }}
),

scores as (
    {{ normalised_scores('figures', 'index_code, component') }}
),

pairs as (
    {{ dominance('figures') }}
),

aggregated as (
    select
        index_code, ref_area,
        {{ weighted_arithmetic('minmax', 'weight') }} as minmax_arithmetic, {{ weighted_arithmetic('goalpost', 'weight') }} as arithmetic,
        {{ weighted_geometric('goalpost', 'weight') }} as geometric, {{ weighted_harmonic('goalpost', 'weight') }} as harmonic
    from scores
    group by index_code, ref_area
),

-- The upper goalpost as the target, and the lowest and highest of all areas.
distances as (
    select
        *, {{ distance_to_target('figure', 'min(figure) over same', 'max(figure) over same', 'high', 'direction') }} as distance,
        {{ distance_to_target('figure', 'min(figure) over same', 'max(figure) over same', 'high', 'direction', is_capped=true) }} as distance_capped
    from figures
    window same as (partition by index_code, component)
),

final as (
    {%- for measure in ['goalpost', 'minmax', 'zscore', 'borda'] %}
    select index_code, component, ref_area, '{{ measure }}' as measure, {{ measure }} as value from scores
    union all
    {%- endfor %}
    {%- for measure in ['minmax_arithmetic', 'arithmetic', 'geometric', 'harmonic'] %}
    select index_code, null as component, ref_area, '{{ measure }}' as measure, {{ measure }} as value from aggregated
    union all
    {%- endfor %}
    select index_code, component, ref_area, 'distance' as measure, distance as value from distances
    union all
    select index_code, component, ref_area, 'distance_capped' as measure, distance_capped as value from distances
    union all
    select index_code, ref_area as component, other_area as ref_area, 'outranks' as measure, better_share as value from pairs
    union all
    select index_code, null as component, null as ref_area, 'dominant_pairs' as measure, cast(count(*) as double) as value
    from pairs
    where as_good_share >= 1 - 1e-12 and better_share > 0
    group by index_code
)

select * from final
