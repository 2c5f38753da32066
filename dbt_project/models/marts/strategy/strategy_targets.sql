with targets as (
    select * from {{ ref('stg_targets') }}
),

-- Two statements conflict when they name the same thing, for the same strategy, place and year, and cannot both be right.
pairs as (
    select
        one.target_id, other.target_id as other_target_id,
        not {{ allow_each_other('one', 'other') }} or other.unit_measure <> one.unit_measure as differs_in_value,
        one.baseline is not null and other.baseline is not null
        and (one.baseline <> other.baseline or {{ differs('one.baseline_on', 'other.baseline_on') }}) as differs_in_baseline,
        other.definition <> one.definition as differs_in_definition,
        other.statement_type <> one.statement_type as differs_in_type
    from targets as one
    inner join targets as other
        on other.strategy = one.strategy and other.indicator = one.indicator and other.ref_area = one.ref_area
        and other.urbanisation = one.urbanisation and other.breakdown = one.breakdown
        and not {{ differs('other.due_on', 'one.due_on') }} and other.target_id <> one.target_id
),

conflicts as (
    select
        target_id,
        {{ joined('other_target_id') }} as conflicting_target_ids,
        concat_ws('; ',
            case when bool_or(differs_in_value) then 'VALUE' end,
            case when bool_or(differs_in_baseline) then 'BASELINE' end,
            case when bool_or(differs_in_definition) then 'DEFINITION' end,
            case when bool_or(differs_in_type) then 'STATEMENT_TYPE' end
        ) as conflict_kinds
    from pairs
    where differs_in_value or differs_in_baseline or differs_in_definition or differs_in_type
    group by target_id
),

final as (
    select
        targets.target_id,
        targets.strategy, strategies.label_fr as strategy_label_fr, strategies.label_ar as strategy_label_ar, strategies.label_en as strategy_label_en,
        targets.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        indicators.domain, targets.definition,
        targets.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en, targets.geo_version,
        targets.urbanisation, targets.breakdown,
        targets.statement_type, targets.direction,
        targets.baseline, targets.baseline_bound, targets.baseline_period, targets.baseline_on,
        targets.value, targets.bound, targets.value_lower, targets.value_upper, targets.unit_measure, targets.target_value as value_as_printed, targets.unit_mult,
        targets.due_period, targets.due_on, targets.target_status,
        targets.supersedes, targets.superseded_by, targets.is_standing,
        coalesce(promises.promise, targets.target_id) as promise, coalesce(promises.relation, 'PROMISE') as promise_relation, promises.reason as promise_reason,
        conflicts.target_id is not null as is_in_conflict, conflicts.conflict_kinds, conflicts.conflicting_target_ids,
        targets.publisher, targets.document, documents.title as document_title, documents.address as document_address,
        targets.locator, targets.quote, targets.comment, targets.correction,
        targets.published_on, targets.published_precision, targets.retrieved_on, targets.recorded_at, targets.dataset, targets.release
    from targets
    inner join {{ ref('strategies') }} as strategies on strategies.strategy = targets.strategy
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = targets.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = targets.ref_area
    left join conflicts on conflicts.target_id = targets.target_id
    left join {{ ref('target_promises') }} as promises on promises.target_id = targets.target_id
    left join {{ ref('documents') }} as documents on documents.document = targets.document
)

select * from final
