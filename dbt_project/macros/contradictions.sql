{% macro allow_each_other(one, other) -%}
    {#- Whether two statements can both be right: what one allows and what the other allows overlap; null ends are open. -#}
    (
        coalesce({{ one }}.value_lower <= {{ other }}.value_upper, true)
        and coalesce({{ other }}.value_lower <= {{ one }}.value_upper, true)
    )
{%- endmacro %}

{% macro is_rounding_of(one, other) -%}
    {#- Whether two exact figures are the same once rounded to the coarser of the two. -#}
    abs({{ one }}.value - {{ other }}.value) <= greatest(
        {{ rounding_error(one ~ '.decimals', one ~ '.unit_mult') }}, {{ rounding_error(other ~ '.decimals', other ~ '.unit_mult') }}
    )
{%- endmacro %}

{% macro mixes_vintages(is_revised, group) -%}
    {#- Whether another part of the same `group` (the whole, or a part of it) was revised by its publisher and this one was not: parts and
        whole are then of two states of the source. -#}
    (bool_or({{ is_revised }}) over (partition by {{ group }}) and not {{ is_revised }})
{%- endmacro %}

{% macro is_revision(earlier, later) -%}
    {#- Whether a publisher has replaced one exact figure by another: later by date of publication, or else by when it came here.
        A bound revises nothing, nor does a figure printed with more or fewer digits. -#}
    (
        {{ earlier }}.publisher = {{ later }}.publisher and {{ earlier }}.is_exact and {{ later }}.is_exact
        and ({{ differs(earlier ~ '.published_not_before', later ~ '.published_not_before') }} or {{ earlier }}.recorded_at <> {{ later }}.recorded_at)
        and not {{ is_rounding_of(earlier, later) }}
    )
{%- endmacro %}

{% macro is_power_of_ten_off(one, other) -%}
    {#- Whether of two positive numbers one is the other with its decimal point moved. The logarithm only says how far: the
        numbers themselves are held against each other as decimals, since logarithms are rounded. -#}
    greatest({{ one }}, {{ other }}) = least({{ one }}, {{ other }}) * cast(
        power(10, round(log10(cast(greatest({{ one }}, {{ other }}) as double) / cast(least({{ one }}, {{ other }}) as double))))
        as decimal(38, 0)
    )
{%- endmacro %}

{% macro contradiction_kind() -%}
    {#- What SQL can tell of two statements that disagree, by the first rule that holds: another definition (or only another
        perimeter); a slip of the decimal point; equal once rounded to the coarser. -#}
    case
        when pairs.basis = 'DEFINITION' and current_definition.concept_en = other_definition.concept_en
            and {{ differs('current_definition.perimeter_en', 'other_definition.perimeter_en') }} then 'PERIMETER'
        when pairs.basis = 'DEFINITION' then 'DEFINITION'
        when current_statement.is_exact and other_statement.is_exact and current_statement.value > 0 and other_statement.value > 0
            and {{ is_power_of_ten_off('current_statement.value', 'other_statement.value') }} then 'TYPO'
        when current_statement.is_exact and other_statement.is_exact
            and {{ is_rounding_of('current_statement', 'other_statement') }} then 'ROUNDING'
        when not (current_statement.is_exact and other_statement.is_exact)
            and abs(current_statement.value - other_statement.value)
            <= greatest(coalesce(current_statement.tolerance, 0), coalesce(other_statement.tolerance, 0)) then 'ROUNDING'
        else 'UNEXPLAINED'
    end
{%- endmacro %}
