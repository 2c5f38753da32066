-- What publishers have stated about cells, in units, with the interval that the wording allows.
with statements as (
    select * from {{ source('raw', 'observations') }}
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

valued as (
    select
        *,
        {{ in_units('obs_value', 'unit_mult') }} as value,
        {{ in_units('obs_lower', 'unit_mult') }} as range_lower,
        {{ in_units('obs_upper', 'unit_mult') }} as range_upper
    from standing
),

bounded as (
    select
        *,
        case when bound in ('APPROX', 'LT_APPROX') then {{ tolerance('value') }} end as tolerance,
        {{ interval_lower('bound', 'value', 'range_lower', tolerance('value')) }} as value_lower,
        {{ interval_upper('bound', 'value', 'range_upper', tolerance('value')) }} as value_upper,
        bound = 'LT_APPROX' as ends_are_open,
        bound = 'EQ' and value is not null as is_exact,
        value is not null or range_lower is not null or range_upper is not null as has_value
    from valued
),

coded as (
    select *, {{ period_code('freq_class', 'period_start', 'period_end') }} as period
    from bounded
),

final as (
    select
        coded.*,
        -- An undated figure meets no other document's, so its document is part of its key.
        case when coded.period_end is null then coded.period || '@' || coded.document else coded.period end as period_key,
        publishers.precedence as publisher_precedence
    from coded
    left join {{ ref('publishers') }} as publishers on publishers.publisher = coded.publisher
)

select * from final
