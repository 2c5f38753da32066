-- What strategies have promised, in every reading of it that this house has had: as printed, as corrected, and of releases
-- that were replaced since.
with corrections as (
    select * from {{ ref('corrections') }}
),

readings as (
    {{ readings(source('raw', 'targets'), corrects('target_value') ~ ' and corrections.target_id = statements.target_id') }}
),

valued as (
    select
        *,
        {{ in_units('coalesce(corrected_value, target_value)', 'unit_mult') }} as value,
        {{ in_units('target_lower', 'unit_mult') }} as range_lower,
        {{ in_units('target_upper', 'unit_mult') }} as range_upper,
        {{ in_units('baseline_value', 'unit_mult') }} as baseline
    from readings
),

final as (
    select
        *,
        -- A promise of "at least N" is the threshold N; only "about N" leaves the threshold itself open.
        case when bound in ('GE', 'LE') then value else {{ interval_lower('bound', 'value', 'range_lower', tolerance('value')) }} end as value_lower,
        case when bound in ('GE', 'LE') then value else {{ interval_upper('bound', 'value', 'range_upper', tolerance('value')) }} end as value_upper,
        {{ interval_lower('baseline_bound', 'baseline', 'null', tolerance('baseline')) }} as baseline_lower,
        {{ interval_upper('baseline_bound', 'baseline', 'null', tolerance('baseline')) }} as baseline_upper
    from valued
)

select * from final
