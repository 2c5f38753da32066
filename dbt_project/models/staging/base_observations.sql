-- What publishers have stated about cells, in every reading of it that this house has had: as printed, as corrected, and
-- of releases that were replaced since.
with corrections as (
    select * from {{ ref('corrections') }}
),

readings as (
    {% set is_corrected -%}
        {{ corrects('obs_value') }} and corrections.definition = statements.definition and corrections.ref_area = statements.ref_area
        and corrections.urbanisation = statements.urbanisation and corrections.breakdown = statements.breakdown
        and corrections.time_period = statements.time_period and coalesce(corrections.document, statements.document) = statements.document
    {%- endset %}
    {{ readings(source('raw', 'observations'), is_corrected) }}
),

valued as (
    select
        *,
        {{ in_units('coalesce(corrected_value, obs_value)', 'unit_mult') }} as value,
        {{ in_units('obs_lower', 'unit_mult') }} as range_lower,
        {{ in_units('obs_upper', 'unit_mult') }} as range_upper
    from readings
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
