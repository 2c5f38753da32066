{% macro differs(one, other) -%}
    {{ return(adapter.dispatch('differs', 'marsad')(one, other)) }}
{%- endmacro %}

{% macro default__differs(one, other) -%}
    {#- Whether two values differ, null being a value like any other. -#}
    ({{ one }} is distinct from {{ other }})
{%- endmacro %}

{% macro spark__differs(one, other) -%}
    (not ({{ one }} <=> {{ other }}))
{%- endmacro %}
