{% macro precedence_rules() -%}
    {#- The rules that choose among statements of one cell, the first that tells two apart deciding: column, direction, name.
        A release that comes late with old figures loses by the date of its figures, whenever it was recorded. -#}
    {{ return([
        ('has_value', 'desc', 'value_before_none'),
        ('is_exact', 'desc', 'exact_before_bounded'),
        ('publisher_precedence', 'asc nulls last', 'publisher_precedence'),
        ('published_not_before', 'desc nulls last', 'published_on'),
        ('recorded_at', 'desc', 'recorded_at'),
        ('last_digit', 'asc nulls last', 'more_precise'),
        ('observation_id', 'asc', 'observation_id'),
    ]) }}
{%- endmacro %}

{% macro by_precedence() -%}
    {#- The rules as an order: the statement to take first comes first. -#}
    {% for column, direction, _ in precedence_rules() %}{{ column }} {{ direction }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}
