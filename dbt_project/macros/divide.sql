{% macro odds_ratio(one, other, ceiling) -%}
    {#- Odds of one group over those of another: (a / (c - a)) / (b / (c - b)), c being the whole (100 for percent). -#}
    {{ share('cast(' ~ one ~ ' as double) * (' ~ ceiling ~ ' - ' ~ other ~ ')', 'cast(' ~ other ~ ' as double) * (' ~ ceiling ~ ' - ' ~ one ~ ')') }}
{%- endmacro %}

{% macro offline_ratio(one, other, ceiling) -%}
    {#- What one group lacks over what the other lacks: (c - a) / (c - b). A ratio of shares says another thing on this side. -#}
    {{ share(ceiling ~ ' - ' ~ one, ceiling ~ ' - ' ~ other) }}
{%- endmacro %}

{% macro reached_on(level, month_before, value_before, month_after, value_after) -%}
    {#- Month at which a series passes a level, on the straight line between two published points: the S-time-distance is the
        time between two series' passing it. Sicherl (1973). -#}
    case
        when {{ value_after }} = {{ level }} then cast({{ month_after }} as double)
        when {{ value_before }} = {{ level }} then cast({{ month_before }} as double)
        else {{ month_before }} + cast({{ month_after }} - {{ month_before }} as double)
            * cast({{ level }} - {{ value_before }} as double) / cast({{ value_after }} - {{ value_before }} as double)
    end
{%- endmacro %}
