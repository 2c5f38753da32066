-- Published totals of an area against their own parts: legal forms, segments, sexes; urban and rural; index components.
with by_breakdown as (
    select
        definition, ref_area, urbanisation, breakdown, period_key, value, is_exact, rounding,
        substring(breakdown, 1, strpos(breakdown, '=') - 1) as dimension
    from {{ ref('int_reconciliation_cells') }}
    where aggregation = 'SUM' and breakdown <> '_T' and strpos(breakdown, ';') = 0
),

-- The parts of a dimension are the codes that the definition was ever published for; a single one is no split.
codes as (
    select distinct definition, dimension, breakdown from by_breakdown where dimension <> 'STRATEGY'
),

split as (
    select distinct definition, dimension, ref_area, urbanisation, period_key from by_breakdown
),

breakdown_sums as (
    select
        'BREAKDOWN_TO_TOTAL: ' || split.dimension as kind, split.definition, split.ref_area, split.urbanisation, '_T' as breakdown, split.period_key,
        count(*) as parts_expected, count(*) filter (where parts.is_exact) as parts_found,
        sum(parts.value) filter (where parts.is_exact) as computed_value, sum(parts.rounding) as rounding,
        {{ joined("case when not coalesce(parts.is_exact, false) then codes.breakdown end") }} as missing_parts
    from split
    inner join codes on codes.definition = split.definition and codes.dimension = split.dimension
    left join by_breakdown as parts
        on parts.definition = split.definition and parts.breakdown = codes.breakdown and parts.ref_area = split.ref_area
        and parts.urbanisation = split.urbanisation and parts.period_key = split.period_key
    group by split.dimension, split.definition, split.ref_area, split.urbanisation, split.period_key
    having count(*) > 1
),

urban_rural_sums as (
    select
        'URBAN_RURAL_TO_TOTAL' as kind, definition, ref_area, '_T' as urbanisation, breakdown, period_key,
        count(*) as parts_expected, count(*) filter (where is_exact) as parts_found,
        sum(value) filter (where is_exact) as computed_value, sum(rounding) as rounding,
        {{ joined("case when not is_exact then urbanisation end") }} as missing_parts
    from {{ ref('int_reconciliation_cells') }}
    where aggregation = 'SUM' and urbanisation in ('U', 'R') and level in ('country', 'region', 'province')
    group by definition, ref_area, breakdown, period_key
),

index_means as (
    select
        'EGDI_IS_MEAN_OF_COMPONENTS' as kind, 'egdi_score@un_egov' as definition, ref_area, urbanisation, breakdown, period_key,
        3 as parts_expected, count(*) filter (where is_exact) as parts_found,
        cast({{ share('sum(value)', 'count(value)') }} as {{ amount() }}) as computed_value, max(rounding) as rounding,
        {{ joined("case when not is_exact then indicator end") }} as missing_parts
    from {{ ref('int_reconciliation_cells') }}
    where definition in ('UN.OSI@un_egov', 'UN.TII@un_egov', 'UN.HCI@un_egov')
        and extract(year from period_end) >= {{ convention('egdi_mean_from_year') }}
    group by ref_area, urbanisation, breakdown, period_key
),

-- Cities that a publisher lists for a region cover only part of it: their sum may not exceed it.
city_sums as (
    select
        'CITIES_WITHIN_REGION' as kind, definition, region as ref_area, urbanisation, breakdown, period_key,
        count(*) as parts_expected, count(*) filter (where is_exact) as parts_found,
        sum(value) filter (where is_exact) as computed_value, sum(rounding) as rounding,
        {{ joined("case when not is_exact then ref_area end") }} as missing_parts
    from {{ ref('int_reconciliation_cells') }}
    where aggregation = 'SUM' and level = 'place' and area_type = 'city'
    group by definition, region, urbanisation, breakdown, period_key
    having count(*) > 1
),

sums as (
    select * from breakdown_sums
    union all
    select * from city_sums
    union all
    select * from urban_rural_sums
    union all
    select * from index_means
),

final as (
    select
        sums.kind, published.indicator, sums.definition, sums.ref_area, sums.urbanisation, sums.breakdown,
        published.period, sums.period_key, published.unit_measure,
        published.value as published_value, published.observation_id as published_observation_id,
        sums.computed_value, sums.rounding + published.rounding as tolerance,
        sums.parts_expected, sums.parts_found, 0 as parts_without_weight, sums.missing_parts,
        case when published.aggregation = 'SUM' then {{ convention('half_unit_of_last_digit') }} * (sums.parts_found + 1) end as rounding_of_counts,
        0 as parts_suppressed, {{ share('sums.parts_found', 'sums.parts_expected') }} as coverage_share,
        cast(null as varchar) as parts_status, cast(null as varchar) as denominator, cast(null as varchar) as denominator_document
    from sums
    inner join {{ ref('int_reconciliation_cells') }} as published
        on published.definition = sums.definition and published.ref_area = sums.ref_area and published.urbanisation = sums.urbanisation
        and published.breakdown = sums.breakdown and published.period_key = sums.period_key and published.is_exact
)

select * from final
