{% macro amount() -%}
    {#- The type of every value computed with: decimals, since sums of doubles differ from run to run. -#}
    decimal(38, 12)
{%- endmacro %}

{% macro in_units(printed, unit_mult) -%}
    {#- A number as printed, in units: printed x 10^unit_mult. -#}
    cast(cast({{ printed }} as {{ amount() }}) * cast(power(10, {{ unit_mult }}) as decimal(10, 0)) as {{ amount() }})
{%- endmacro %}

{% macro tolerance(value) -%}
    {#- How far from the printed value a bounded figure may lie: a declared share of it. -#}
    cast(abs({{ value }}) * {{ convention('bound_tolerance_share') }} as {{ amount() }})
{%- endmacro %}

{% macro interval_lower(bound, value, range_lower, tolerance) -%}
    {#- Lower end of what a statement allows; null when nothing limits it from below. -#}
    case
        when {{ range_lower }} is not null then {{ range_lower }}
        when {{ bound }} in ('EQ', 'GE') then {{ value }}
        when {{ bound }} in ('APPROX', 'LT_APPROX') then {{ value }} - {{ tolerance }}
    end
{%- endmacro %}

{% macro interval_upper(bound, value, range_upper, tolerance) -%}
    {#- Upper end of what a statement allows; null when nothing limits it from above. -#}
    case
        when {{ range_upper }} is not null then {{ range_upper }}
        when {{ bound }} in ('EQ', 'LE', 'LT_APPROX') then {{ value }}
        when {{ bound }} = 'APPROX' then {{ value }} + {{ tolerance }}
    end
{%- endmacro %}

{% macro rounding_error(decimals, unit_mult) -%}
    {#- Largest rounding error of a printed figure, in units: half a unit of its last digit. -#}
    cast({{ convention('half_unit_of_last_digit') }} * power(10, {{ unit_mult }} - {{ decimals }}) as {{ amount() }})
{%- endmacro %}

{% macro share(part, whole) -%}
    {#- One division, the last step; null when the whole is zero or unknown, never an epsilon. -#}
    cast({{ part }} as double) / nullif(cast({{ whole }} as double), 0)
{%- endmacro %}

{% macro per_head(value, population) -%}
    {#- Value per so many people, or households, as the conventions say (1,000). -#}
    {{ share(value ~ ' * ' ~ convention('per_head_scale'), population) }}
{%- endmacro %}
