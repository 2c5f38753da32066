-- What strategies have promised, in units, with the interval that the wording allows.
with statements as (
    select * from {{ source('raw', 'targets') }}
),

withdrawn as (
    select dataset, release from {{ ref('stg_releases') }} where is_withdrawn
),

standing as (
    select statements.*
    from statements
    left join withdrawn using (dataset, release)
    where withdrawn.release is null
),

superseding as (
    select
        replaced.target_id, min(replacing.target_id) as superseded_by,
        bool_or(replacing.strategy = replaced.strategy) as by_own_strategy
    from standing as replaced
    inner join standing as replacing on replacing.supersedes = replaced.target_id
    group by replaced.target_id
),

valued as (
    select
        *,
        {{ in_units('target_value', 'unit_mult') }} as value,
        {{ in_units('target_lower', 'unit_mult') }} as range_lower,
        {{ in_units('target_upper', 'unit_mult') }} as range_upper,
        {{ in_units('baseline_value', 'unit_mult') }} as baseline
    from standing
),

bounded as (
    select
        *,
        -- A promise of "at least N" is the threshold N; only "about N" leaves the threshold itself open.
        case when bound in ('GE', 'LE') then value else {{ interval_lower('bound', 'value', 'range_lower', tolerance('value')) }} end as value_lower,
        case when bound in ('GE', 'LE') then value else {{ interval_upper('bound', 'value', 'range_upper', tolerance('value')) }} end as value_upper,
        {{ interval_lower('baseline_bound', 'baseline', 'null', tolerance('baseline')) }} as baseline_lower,
        {{ interval_upper('baseline_bound', 'baseline', 'null', tolerance('baseline')) }} as baseline_upper
    from valued
),

final as (
    select
        bounded.*,
        superseding.superseded_by,
        -- What another strategy promises later does not take back what this one promised.
        not coalesce(superseding.by_own_strategy, false) and bounded.target_status <> 'dropped' as is_standing
    from bounded
    left join superseding using (target_id)
)

select * from final
