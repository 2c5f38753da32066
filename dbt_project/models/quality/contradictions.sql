with pairs as (
    select * from {{ ref('int_conflicting_statements') }}
),

statements as (
    select * from {{ ref('stg_observations') }}
),

final as (
    select
        {{ row_key(['pairs.current_observation_id', 'pairs.other_observation_id']) }} as row_key,
        pairs.basis, {{ contradiction_kind() }} as kind,
        current_statement.cell_id,
        current_statement.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        current_statement.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en,
        current_statement.urbanisation, current_statement.breakdown, current_statement.period, current_statement.unit_measure,
        current_statement.definition as current_definition, current_statement.value as current_value, current_statement.bound as current_bound,
        current_statement.publisher as current_publisher, current_statement.document as current_document, current_statement.published_on as current_published_on,
        chosen.decided_by,
        other_statement.definition as other_definition, other_statement.value as other_value, other_statement.bound as other_bound,
        other_statement.publisher as other_publisher, other_statement.document as other_document, other_statement.published_on as other_published_on,
        other_statement.value - current_statement.value as difference,
        {{ share('other_statement.value - current_statement.value', 'current_statement.value') }} as difference_share,
        other_statement.comment as other_comment,
        pairs.current_observation_id, pairs.other_observation_id
    from pairs
    inner join statements as current_statement on current_statement.observation_id = pairs.current_observation_id
    inner join statements as other_statement on other_statement.observation_id = pairs.other_observation_id
    inner join {{ ref('int_current_observations') }} as chosen on chosen.observation_id = pairs.current_observation_id
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = current_statement.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = current_statement.ref_area
    inner join {{ ref('definitions') }} as current_definition on current_definition.definition = current_statement.definition
    inner join {{ ref('definitions') }} as other_definition on other_definition.definition = other_statement.definition
)

select * from final
