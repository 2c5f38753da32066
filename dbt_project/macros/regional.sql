{% macro location_quotient(part, whole, country_part, country_whole) -%}
    {#- The region's share of a kind over the country's share of it: (e_ij / e_i) / (e_j / e). Farhauer and Kroell (2013);
        REAT::locq. -#}
    {{ share('cast(' ~ part ~ ' as double) * ' ~ country_whole, 'cast(' ~ whole ~ ' as double) * ' ~ country_part) }}
{%- endmacro %}

{% macro index_to(value, base) -%}
    {#- Value as an index whose base (100 by the conventions) is the country. -#}
    {{ share('cast(' ~ value ~ ' as double) * ' ~ convention('index_base'), base) }}
{%- endmacro %}

{% macro best_first(value, direction) -%}
    {#- Order of a ranking: the best first, the best being the least when down is good; without a direction, the largest. -#}
    case when {{ direction }} = 'DOWN' then {{ value }} else -{{ value }} end asc
{%- endmacro %}

{% macro reasons(rules) -%}
    {#- Why measures of this row are undefined: 'measure: reason' for every rule that holds, or null. -#}
    nullif(concat_ws('; '
        {%- for measure, condition, reason in rules %},
        case when {{ condition }} then '{{ measure }}: ' || {{ reason }} end
        {%- endfor %}
    ), '')
{%- endmacro %}
