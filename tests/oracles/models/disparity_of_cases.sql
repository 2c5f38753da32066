-- Every worked example through the macros of the marts, one row per example and measure.
with cases as (
    select * from {{ ref('disparity_cases') }}
),

measured as (
    {{ disparity_measures('cases', 'example') }}
),

groups as (
    select distinct area_group as member_of, 'AS_GIVEN' as area_grouping, area_group from cases
),

split as (
    {{ theil_split('(select *, area_group as member_of from cases)', 'example', 'groups', 'member_of', 'area_grouping', 'area_group') }}
),

final as (
    {{ measure_rows('measured', 'example', disparity_codes()) }}
    union all
    {{ measure_rows('split', 'example', theil_split_codes()) }}
    union all
    select example, 'GINI_CORRECTED' as measure_code, gini * units / (units - 1) as value, undefined_because
    from measured
    where units > 1
)

select * from final
