with compared as (
    select * from {{ ref('int_reconciled_areas') }}
    union all
    select * from {{ ref('int_reconciled_parts') }}
),

-- A commune whose every figure in a data set is without value: listed, not filled.
absent as (
    select
        'COMMUNE_WITHOUT_FIGURES' as kind, cast(null as varchar) as indicator, dataset, ref_area, period, period_key,
        min(obs_status) as obs_status, min(comment) as comment
    from {{ ref('int_reconciliation_cells') }}
    where level = 'commune' and urbanisation = '_T'
    group by dataset, ref_area, period, period_key
    having count(*) filter (where has_value) = 0
),

-- Totals that their publisher stated differently at another time.
other_totals as (
    select compared.kind, compared.published_observation_id, count(*) as statements
    from compared
    inner join {{ ref('int_current_observations') }} as published on published.observation_id = compared.published_observation_id
    inner join {{ ref('stg_observations') }} as other
        on other.cell_id = published.cell_id and other.observation_id <> published.observation_id and other.is_exact
        and abs(other.value - compared.computed_value) <= {{ rounding_error('other.decimals', 'other.unit_mult') }}
    where published.statements > 1 and compared.published_value <> compared.computed_value
    group by compared.kind, compared.published_observation_id
),

explained as (
    select compared.*, other_totals.statements as other_statements
    from compared
    left join other_totals on other_totals.kind = compared.kind and other_totals.published_observation_id = compared.published_observation_id
),

judged as (
    select
        kind, indicator, definition, cast(null as varchar) as dataset, ref_area, urbanisation, breakdown, period, period_key, unit_measure,
        published_value, published_observation_id, computed_value, tolerance, parts_expected, parts_found, missing_parts,
        coverage_share, parts_status, denominator, denominator_document,
        case
            when parts_found < parts_expected or computed_value is null then 'INCOMPLETE'
            when kind = 'CITIES_WITHIN_REGION' and computed_value <= published_value + tolerance then 'OK'
            when abs(published_value - computed_value) <= tolerance then 'OK'
            else 'DIFFERENCE'
        end as status,
        case
            when parts_suppressed > 0 then 'a part is suppressed, so the total is too'
            when parts_found < parts_expected then 'not every part has an exact value'
            when computed_value is null then 'the weights of ' || parts_without_weight || ' parts are not known'
            when kind = 'CITIES_WITHIN_REGION' and computed_value <= published_value + tolerance then 'the cities listed do not exceed their region'
            when kind = 'CITIES_WITHIN_REGION' then 'the cities listed exceed their region'
            when published_value = computed_value then 'the parts give the published figure exactly'
            when abs(published_value - computed_value) <= tolerance then 'equal within the rounding of the printed figures'
            when other_statements is not null then 'the parts give another statement of this total, of another time: see revisions'
            when rounding_of_counts >= abs(published_value - computed_value)
                then 'differs by at most half a unit for each part: what estimates rounded to whole units give'
            else 'the parts do not give the published figure'
        end as explanation,
        coalesce(
            parts_found = parts_expected and abs(published_value - computed_value) > tolerance
            and not (kind = 'CITIES_WITHIN_REGION' and computed_value <= published_value + tolerance)
            and other_statements is null and not coalesce(rounding_of_counts >= abs(published_value - computed_value), false), false
        ) as is_unexplained
    from explained
    union all
    select
        kind, indicator, null as definition, dataset, ref_area, '_T' as urbanisation, '_T' as breakdown, period, period_key, null as unit_measure,
        null as published_value, null as published_observation_id, null as computed_value, null as tolerance,
        1 as parts_expected, 0 as parts_found, ref_area as missing_parts,
        cast(0 as double) as coverage_share, obs_status as parts_status, null as denominator, null as denominator_document,
        'INCOMPLETE' as status, 'no figure of this commune in the data set (status ' || obs_status || ')' || coalesce(': ' || comment, '') as explanation,
        false as is_unexplained
    from absent
),

final as (
    select
        {{ row_key(["judged.kind", "coalesce(judged.definition, judged.dataset)", "judged.ref_area", "judged.urbanisation", "judged.breakdown", "judged.period_key"]) }} as row_key,
        judged.kind, judged.status, judged.explanation, judged.is_unexplained,
        judged.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        judged.definition, judged.dataset,
        judged.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en,
        judged.urbanisation, judged.breakdown, judged.period, judged.unit_measure,
        judged.published_value, judged.computed_value,
        case when judged.status <> 'INCOMPLETE' then judged.published_value - judged.computed_value end as difference,
        judged.tolerance,
        cast(judged.parts_expected as integer) as parts_expected, cast(judged.parts_found as integer) as parts_found,
        judged.missing_parts, judged.coverage_share, judged.parts_status, judged.denominator, judged.denominator_document, judged.published_observation_id
    from judged
    left join {{ ref('indicators') }} as indicators on indicators.indicator = judged.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = judged.ref_area
)

select * from final
