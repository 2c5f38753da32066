-- The sets of weights under which an index is computed again: as declared, and with each pillar's weight moved up or down by
-- the declared share, in all combinations.
with pillars as (
    select index_code, pillar, row_number() over (partition by index_code order by pillar) - 1 as place
    from {{ ref('index_pillars') }}
    where weight is not null
),

combinations as (
    select index_code, {{ numbers_below('power(2, count(*))') }} as combination from pillars group by index_code
),

final as (
    select index_code, 'NOMINAL' as weight_set, pillar, cast(1 as double) as factor from pillars
    union all
    select
        pillars.index_code, 'VARIED_' || cast(combinations.combination as varchar) as weight_set, pillars.pillar,
        1 + (2 * (floor(combinations.combination / power(2, pillars.place)) % 2) - 1) * {{ convention('index_weight_variation') }} as factor
    from pillars
    inner join combinations on combinations.index_code = pillars.index_code
)

select * from final
