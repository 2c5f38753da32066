{% macro status_weakness(status) -%}
    {#- SDMX statuses from strong to weak; a figure made of others takes the weakest of theirs. -#}
    case {{ status }}
        when 'A' then 0 when 'D' then 1 when 'B' then 1 when 'U' then 2 when 'P' then 3 when 'E' then 4 when 'I' then 5 when 'F' then 6
        else 7
    end
{%- endmacro %}

{% macro weakest_status(one, other) -%}
    {#- The weaker of two statuses: F > I > E > P > U > B, D > A, and any status without a value before all. -#}
    case when {{ status_weakness(one) }} >= {{ status_weakness(other) }} then {{ one }} else {{ other }} end
{%- endmacro %}

{% macro weakest_of(status) -%}
    {#- The weakest status of a group, by the same order; the last in the alphabet of two that are equally weak. -#}
    substring(max(cast({{ status_weakness(status) }} as varchar) || {{ status }}), 2)
{%- endmacro %}
