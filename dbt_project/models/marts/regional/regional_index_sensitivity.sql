with weight_sets as (
    select * from {{ ref('int_index_weight_sets') }} where weight_set <> 'NOMINAL'
),

variants as (
    select
        variants.index_code, variants.ref_area, variants.area_rank,
        {{ row_key(['variants.index_code', 'variants.census', 'variants.weight_set', 'variants.normalisation', 'variants.aggregation']) }} as run,
        variants.census, variants.weight_set, variants.normalisation || '/' || variants.aggregation as method
    from {{ ref('int_index_variants') }} as variants
    where variants.weight_set <> 'NOMINAL'
),

-- A rank that one of the combinations leaves undefined leaves the shares undefined.
complete as (
    select index_code, ref_area from variants group by index_code, ref_area having count(area_rank) = count(*)
),

runs as (
    select variants.index_code, variants.ref_area, variants.run, cast(variants.area_rank as double) as outcome
    from variants
    inner join complete on complete.index_code = variants.index_code and complete.ref_area = variants.ref_area
),

levels as (
    select distinct run, 'METHOD' as factor, method as level from variants
    union all
    select distinct run, 'CENSUS' as factor, census as level from variants
    union all
    select distinct variants.run, 'WEIGHT ' || weight_sets.pillar as factor, cast(weight_sets.factor as varchar) as level
    from variants
    inner join weight_sets on weight_sets.index_code = variants.index_code and weight_sets.weight_set = variants.weight_set
),

shares as (
    {{ variance_shares('runs', 'levels', 'index_code, ref_area') }}
),

factors as (
    select 'METHOD' as factor, index_code, cast(null as varchar) as pillar from weight_sets group by index_code
    union all
    -- No choice where no component has another census.
    select 'CENSUS' as factor, index_code, cast(null as varchar) as pillar from variants where census = 'OTHER_CENSUS' group by index_code
    union all
    select distinct 'WEIGHT ' || pillar as factor, index_code, pillar from weight_sets
),

final as (
    select
        {{ row_key(['scores.index_code', 'scores.ref_area', 'factors.factor']) }} as row_key,
        scores.index_code, scores.index_label_fr, scores.index_label_ar, scores.index_label_en,
        scores.ref_area, scores.area_label_fr, scores.area_label_ar, scores.area_label_en,
        factors.factor, factors.pillar, scores.best_rank, scores.worst_rank,
        shares.first_order as first_order_share, shares.total_order as total_order_share,
        case
            when scores.arithmetic_score is null then 'INCOMPLETE_COVERAGE'
            when shares.factor is null then 'MISSING_VALUE'
            when shares.first_order is null then 'NO_VARIATION'
        end as undefined_because
    from {{ ref('regional_digital_index') }} as scores
    inner join factors on factors.index_code = scores.index_code
    left join shares on shares.index_code = scores.index_code and shares.ref_area = scores.ref_area and shares.factor = factors.factor
)

select * from final
