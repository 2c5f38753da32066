with figures as (
    select * from {{ ref('int_index_figures') }}
),

areas_of as (
    select
        index_code, ref_area, geo_version, unit_level,
        count(*) filter (where weight is not null) as components_needed,
        count(*) filter (where weight is not null and status = 'USED') as components_used,
        {{ joined("case when status <> 'USED' then component end") }} as components_missing,
        {{ total_of("case when status = 'USED' then weight else 0 end") }} / nullif({{ total_of('weight') }}, 0) as coverage_share,
        min(period_end) as oldest_figure_on, max(period_end) as newest_figure_on,
        {{ weakest_of('obs_status') }} as obs_status
    from figures
    group by index_code, ref_area, geo_version, unit_level
),

nominal as (
    select
        index_code, ref_area,
        max(case when aggregation = 'ARITHMETIC' then score end) as arithmetic_score, max(case when aggregation = 'ARITHMETIC' then area_rank end) as arithmetic_rank,
        max(case when aggregation = 'GEOMETRIC' then score end) as geometric_score, max(case when aggregation = 'GEOMETRIC' then area_rank end) as geometric_rank,
        max(case when aggregation = 'GEOMETRIC_OF_PILLARS' then score end) as geometric_of_pillars_score,
        max(case when aggregation = 'GEOMETRIC_OF_PILLARS' then area_rank end) as geometric_of_pillars_rank
    from {{ ref('int_index_variants') }}
    where census = 'AS_COMPARED' and weight_set = 'NOMINAL' and normalisation = 'GOALPOST'
    group by index_code, ref_area
),

varied as (
    select
        variants.index_code, variants.ref_area, count(variants.area_rank) as variants, count(*) - count(variants.area_rank) as variants_undefined,
        min(variants.area_rank) as best_rank, max(variants.area_rank) as worst_rank,
        cast(sum(abs(variants.area_rank - nominal.arithmetic_rank)) as double) / nullif(count(variants.area_rank), 0) as mean_rank_shift
    from {{ ref('int_index_variants') }} as variants
    inner join nominal on nominal.index_code = variants.index_code and nominal.ref_area = variants.ref_area
    group by variants.index_code, variants.ref_area
),

-- Of the figures as compared: on another census, other areas may dominate.
complete_figures as (
    select figures.*
    from figures
    inner join nominal on nominal.index_code = figures.index_code and nominal.ref_area = figures.ref_area
    where figures.weight is not null
),

pairs as (
    {{ dominance('complete_figures') }}
),

dominances as (
    select
        index_code, ref_area, count(*) as others,
        count(*) filter (where as_good_share >= 1 - 1e-12 and better_share > 0) as dominates,
        count(*) filter (where better_share <= 0 and as_good_share < 1 - 1e-12) as is_dominated_by
    from pairs
    group by index_code, ref_area
),

shares as (
    select index_code, {{ share('2 * sum(dominates)', 'count(*) * (count(*) - 1)') }} as dominance_pairs_share from dominances group by index_code
),

final as (
    select
        {{ row_key(['areas_of.index_code', 'areas_of.ref_area']) }} as row_key,
        areas_of.index_code, codes.label_fr as index_label_fr, codes.label_ar as index_label_ar, codes.label_en as index_label_en,
        areas_of.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en,
        areas_of.unit_level, areas_of.geo_version,
        nominal.arithmetic_score, cast(nominal.arithmetic_rank as integer) as arithmetic_rank,
        nominal.geometric_score, cast(nominal.geometric_rank as integer) as geometric_rank,
        nominal.geometric_of_pillars_score, cast(nominal.geometric_of_pillars_rank as integer) as geometric_of_pillars_rank,
        cast(varied.best_rank as integer) as best_rank, cast(varied.worst_rank as integer) as worst_rank, varied.mean_rank_shift,
        cast(coalesce(varied.variants, 0) as integer) as variants, cast(coalesce(varied.variants_undefined, 0) as integer) as variants_undefined,
        cast(dominances.dominates as integer) as dominates, cast(dominances.is_dominated_by as integer) as is_dominated_by, shares.dominance_pairs_share,
        areas_of.coverage_share,
        cast(areas_of.components_used as integer) as components_used, cast(areas_of.components_needed as integer) as components_needed, areas_of.components_missing,
        areas_of.oldest_figure_on, areas_of.newest_figure_on, areas_of.obs_status,
        {{ reasons([
            ("every score", "nominal.ref_area is null", "'INCOMPLETE_COVERAGE'"),
            ("geometric", "nominal.ref_area is not null and nominal.geometric_score is null", "'ZERO_VALUE'"),
            ("geometric of pillars", "nominal.ref_area is not null and nominal.geometric_of_pillars_score is null", "'ZERO_VALUE'"),
        ]) }} as undefined_because
    from areas_of
    inner join {{ ref('areas') }} as areas on areas.ref_area = areas_of.ref_area
    inner join {{ ref('code_lists') }} as codes on codes.code_list = 'COMPOSITE_INDEX' and codes.code = areas_of.index_code
    left join nominal on nominal.index_code = areas_of.index_code and nominal.ref_area = areas_of.ref_area
    left join varied on varied.index_code = areas_of.index_code and varied.ref_area = areas_of.ref_area
    left join dominances on dominances.index_code = areas_of.index_code and dominances.ref_area = areas_of.ref_area
    left join shares on shares.index_code = areas_of.index_code
)

select * from final
