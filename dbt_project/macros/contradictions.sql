{% macro allow_each_other(one, other) -%}
    {#- Whether two statements can both be right: what one allows and what the other allows overlap; null ends are open. -#}
    (
        coalesce({{ one }}.value_lower <= {{ other }}.value_upper, true)
        and coalesce({{ other }}.value_lower <= {{ one }}.value_upper, true)
    )
{%- endmacro %}

{% macro contradiction_kind() -%}
    {#- What SQL can tell of two statements that disagree, by the first rule that holds: another definition (or only another
        perimeter); a slip of the decimal point; equal once rounded to the coarser; a later figure of the same publisher. -#}
    case
        when pairs.basis = 'DEFINITION' and current_definition.concept_en = other_definition.concept_en
            and {{ differs('current_definition.perimeter_en', 'other_definition.perimeter_en') }} then 'PERIMETER'
        when pairs.basis = 'DEFINITION' then 'DEFINITION'
        when current_statement.is_exact and other_statement.is_exact and current_statement.value > 0 and other_statement.value > 0
            and log10(cast(current_statement.value as double) / cast(other_statement.value as double))
            = round(log10(cast(current_statement.value as double) / cast(other_statement.value as double))) then 'TYPO'
        when current_statement.is_exact and other_statement.is_exact
            and abs(current_statement.value - other_statement.value) <= greatest(
                {{ rounding_error('current_statement.decimals', 'current_statement.unit_mult') }},
                {{ rounding_error('other_statement.decimals', 'other_statement.unit_mult') }}
            ) then 'ROUNDING'
        when not (current_statement.is_exact and other_statement.is_exact)
            and abs(current_statement.value - other_statement.value)
            <= greatest(coalesce(current_statement.tolerance, 0), coalesce(other_statement.tolerance, 0)) then 'ROUNDING'
        when current_statement.publisher = other_statement.publisher
            and current_statement.document <> other_statement.document then 'REVISION'
        else 'UNEXPLAINED'
    end
{%- endmacro %}
