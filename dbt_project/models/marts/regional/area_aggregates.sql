with aggregates as (
    select * from {{ ref('int_area_aggregates') }}
),

published as (
    select ref_area, definition, urbanisation, breakdown, period_key, value, rounding, observation_id
    from {{ ref('int_reconciliation_cells') }}
    where is_exact and level in ('country', 'region')
),

wholes as (
    select '_Z' as area_grouping, ref_area as whole, label_fr, label_ar, label_en from {{ ref('areas') }} where level in ('country', 'region')
    union all
    select distinct area_grouping, area_group as whole, label_fr, label_ar, label_en from {{ ref('area_groups') }}
),

followed as (
    select
        *,
        lag(aggregate_key) over same_season as previous_key,
        lag(period) over same_season as previous_period,
        lag(aggregate_value) over same_season as previous_value,
        lag(undefined_because) over same_season as previous_undefined_because
    from aggregates
    window same_season as (partition by kind, area_grouping, whole, definition, urbanisation, breakdown, season order by period_end)
),

compared as (
    select
        *,
        case
            when previous_key is null or season is null then 'NO_PREVIOUS'
            when has_break then 'BREAK'
            else coalesce(undefined_because, previous_undefined_because)
        end as no_change_because
    from followed
),

final as (
    select
        compared.aggregate_key as row_key, compared.kind,
        compared.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        indicators.domain, compared.definition,
        compared.area_grouping, compared.whole as ref_area, wholes.label_fr as area_label_fr, wholes.label_ar as area_label_ar, wholes.label_en as area_label_en,
        compared.urbanisation, compared.breakdown, compared.period, compared.period_start, compared.period_end,
        compared.aggregation, compared.aggregate_value, compared.unit_measure, compared.covered_value, compared.coverage_share,
        cast(compared.parts_expected as integer) as parts_expected, cast(compared.parts_found as integer) as parts_found, compared.missing_parts,
        compared.obs_status, compared.denominator,
        case when compared.denominator_document is not null then compared.period_end end as denominator_on, compared.denominator_document,
        published.value as published_value, published.value - compared.aggregate_value as difference,
        case when compared.aggregate_value is not null then compared.tolerance + published.rounding end as tolerance,
        case when compared.no_change_because is null then compared.previous_period end as previous_period,
        case when compared.no_change_because is null then compared.previous_value end as previous_value,
        case when compared.no_change_because is null then compared.aggregate_value - compared.previous_value end as change,
        case when compared.no_change_because is null and compared.aggregation = 'SUM'
            then {{ share('compared.aggregate_value - compared.previous_value', 'compared.previous_value') }}
        end as growth,
        compared.undefined_because, compared.no_change_because,
        published.observation_id as published_observation_id,
        case when compared.no_change_because is null then compared.previous_key end as previous_row_key
    from compared
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = compared.indicator
    inner join wholes on wholes.area_grouping = compared.area_grouping and wholes.whole = compared.whole
    left join published
        on compared.area_grouping = '_Z' and published.ref_area = compared.whole and published.definition = compared.definition
        and published.urbanisation = compared.urbanisation and published.breakdown = compared.breakdown and published.period_key = compared.period_key
)

select * from final
