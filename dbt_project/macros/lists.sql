{% macro joined(expression, separator='; ') -%}
    {{ return(adapter.dispatch('joined', 'marsad')(expression, separator)) }}
{%- endmacro %}

{% macro default__joined(expression, separator) -%}
    {#- Distinct texts of a group in one cell, in a fixed order. -#}
    string_agg(distinct {{ expression }}, '{{ separator }}' order by {{ expression }})
{%- endmacro %}

{% macro spark__joined(expression, separator) -%}
    array_join(array_sort(collect_set({{ expression }})), '{{ separator }}')
{%- endmacro %}

{% macro unnested(text, separator=';') -%}
    {{ return(adapter.dispatch('unnested', 'marsad')(text, separator)) }}
{%- endmacro %}

{% macro default__unnested(text, separator) -%}
    {#- One row per code of a joined text. -#}
    unnest(string_split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{% macro spark__unnested(text, separator) -%}
    explode(split({{ text }}, '{{ separator }}'))
{%- endmacro %}

{% macro row_key(parts) -%}
    {#- A readable primary key: its parts joined by '|'. -#}
    {% for part in parts %}{{ part }}{% if not loop.last %} || '|' || {% endif %}{% endfor %}
{%- endmacro %}

{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash', 'marsad')(columns)) }}
{%- endmacro %}

{% macro default__row_hash(columns) -%}
    {#- A number for the values of columns: what differs in it differs, and what is alike in it is looked at. -#}
    hash({{ columns }})
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns }})
{%- endmacro %}
