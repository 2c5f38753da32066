with concerned as (
    select cell_id from {{ ref('int_conflicting_statements') }}
    union
    select other_cell_id as cell_id from {{ ref('int_conflicting_statements') }}
    union
    select published.cell_id
    from {{ ref('int_current_observations') }} as published
    inner join {{ ref('reconciliations') }} as reconciled
        on reconciled.published_observation_id = published.observation_id and reconciled.is_unexplained
),

statements as (
    select statements.*, vintages.published_not_before, vintages.is_latest_vintage
    from {{ ref('stg_observations') }} as statements
    inner join {{ ref('int_observation_vintages') }} as vintages on vintages.observation_id = statements.observation_id
    where vintages.known_until is null
        and statements.cell_id in (select concerned.cell_id from concerned)
        and vintages.cell_id in (select concerned.cell_id from concerned)
),

pairs as (
    select
        {{ row_key(['pairs.current_observation_id', 'pairs.other_observation_id']) }} as row_key,
        pairs.basis, {{ contradiction_kind() }} as kind, pairs.current_observation_id, pairs.other_observation_id,
        other_statement.definition as other_definition, other_statement.value as other_value, other_statement.bound as other_bound,
        other_statement.publisher as other_publisher, other_statement.document as other_document,
        other_statement.published_on as other_published_on, other_statement.comment as other_comment,
        other_statement.correction as other_correction
    from {{ ref('int_conflicting_statements') }} as pairs
    inner join statements as current_statement on current_statement.observation_id = pairs.current_observation_id
    inner join statements as other_statement on other_statement.observation_id = pairs.other_observation_id
    inner join {{ ref('definitions') }} as current_definition on current_definition.definition = current_statement.definition
    inner join {{ ref('definitions') }} as other_definition on other_definition.definition = other_statement.definition
),

-- What a publisher has changed itself stands in `revisions`, and contradicts nobody any more.
taken_back as (
    select pairs.row_key
    from pairs
    inner join statements as earlier on earlier.observation_id = pairs.other_observation_id
    inner join statements as later
        on later.cell_id = earlier.cell_id and later.publisher = earlier.publisher and later.is_latest_vintage
    where pairs.basis = 'CELL' and {{ is_revision('earlier', 'later') }}
),

contradicting as (
    select pairs.* from pairs where pairs.row_key not in (select taken_back.row_key from taken_back)
    union all
    select
        row_key, 'PARTS' as basis, 'ARITHMETIC' as kind, published_observation_id as current_observation_id,
        cast(null as varchar) as other_observation_id, definition as other_definition, computed_value as other_value, 'EQ' as other_bound,
        cast(null as varchar) as other_publisher, cast(null as varchar) as other_document, cast(null as date) as other_published_on,
        kind || ': ' || explanation as other_comment, cast(null as varchar) as other_correction
    from {{ ref('reconciliations') }}
    where is_unexplained
),

final as (
    select
        contradicting.row_key, contradicting.basis, contradicting.kind,
        chosen.cell_id,
        chosen.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        chosen.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en,
        chosen.urbanisation, chosen.breakdown, chosen.period, chosen.unit_measure,
        chosen.definition as current_definition, chosen.value as current_value, chosen.bound as current_bound,
        chosen.publisher as current_publisher, chosen.document as current_document, statements.published_on as current_published_on,
        chosen.correction as current_correction, chosen.decided_by,
        contradicting.other_definition, contradicting.other_value, contradicting.other_bound,
        contradicting.other_publisher, contradicting.other_document, contradicting.other_published_on, contradicting.other_correction,
        contradicting.other_value - chosen.value as difference,
        {{ share('contradicting.other_value - chosen.value', 'chosen.value') }} as difference_share,
        contradicting.other_comment,
        contradicting.current_observation_id, contradicting.other_observation_id
    from contradicting
    inner join {{ ref('int_current_observations') }} as chosen on chosen.observation_id = contradicting.current_observation_id
    inner join statements on statements.observation_id = contradicting.current_observation_id
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = chosen.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = chosen.ref_area
)

select * from final
