-- What strategies have promised, in units, with the interval that the wording allows: the statements that stand.
with standing as (
    select * from {{ ref('base_targets') }} where known_until is null
),

superseding as (
    select
        replaced.target_id, min(replacing.target_id) as superseded_by,
        bool_or(replacing.strategy = replaced.strategy) as by_own_strategy
    from standing as replaced
    inner join standing as replacing on replacing.supersedes = replaced.target_id
    group by replaced.target_id
),

final as (
    select
        standing.target_id, standing.strategy, standing.indicator, standing.definition, standing.freq_class, standing.ref_area,
        standing.geo_version, standing.urbanisation, standing.breakdown, standing.statement_type, standing.direction,
        standing.baseline_value, standing.baseline_period, standing.baseline_on, standing.baseline_bound, standing.target_value,
        standing.unit_measure, standing.unit_mult, standing.decimals, standing.bound, standing.target_lower,
        standing.target_upper, standing.due_period, standing.due_on, standing.target_status, standing.supersedes,
        standing.dataset, standing.publisher, standing.document, standing.release, standing.release_row, standing.locator,
        standing.quote, standing.comment, standing.published_on, standing.published_precision, standing.published_not_after,
        standing.retrieved_on, standing.recorded_at, standing.sha256, standing.correction, standing.corrected_value,
        standing.known_from, standing.value, standing.range_lower, standing.range_upper, standing.baseline,
        standing.value_lower, standing.value_upper, standing.baseline_lower, standing.baseline_upper,
        superseding.superseded_by,
        -- What another strategy promises later does not take back what this one promised.
        not coalesce(superseding.by_own_strategy, false) and standing.target_status <> 'dropped' as is_standing
    from standing
    left join superseding using (target_id)
)

select * from final
