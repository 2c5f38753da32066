{% macro convention(name) -%}
    {#- A declared number of the conventions seed, as a scalar: no model carries such a number itself. -#}
    (select cast(value as decimal(10, 4)) from {{ ref('conventions') }} where convention = '{{ name }}')
{%- endmacro %}

{% macro convention_text(name) -%}
    {#- A declared name (an indicator, say) of the conventions seed, as a scalar. -#}
    (select value from {{ ref('conventions') }} where convention = '{{ name }}')
{%- endmacro %}
