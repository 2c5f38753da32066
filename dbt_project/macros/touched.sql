{% macro touched(relation, key='cell_id') -%}
    {#- The relation; on a night that only added releases, its rows of the cells (or series: definition and period_key) that
        these touch. What else a model needs of the rest it reads from the relation itself. -#}
    {%- if is_incremental() -%}
    (select * from {{ relation }} where {{ is_touched(key) }})
    {%- else -%}
    {{ relation }}
    {%- endif -%}
{%- endmacro %}

{% macro forget_touched(key='cell_id') -%}
    {#- Before a model adds what it says of the touched cells (or series) today: what it said of them the last time goes. -#}
    {%- if is_incremental() -%}
    delete from {{ this }} where {{ is_touched(key) }}
    {%- endif -%}
{%- endmacro %}

{% macro is_touched(key) -%}
    {#- The pipeline notes them in its draft before it builds; they are no source of any figure, and never published. -#}
    {%- if key == 'cell_id' -%}
    cell_id in (select cell_id from pipeline.touched_cells)
    {%- elif key == 'series' -%}
    (definition, period_key) in (select definition, period_key from pipeline.touched_series)
    {%- elif key == 'series_key' -%}
    series_key in (select units.series_key from {{ touched(ref('int_compared_units'), 'series') }} as units)
    {%- endif -%}
{%- endmacro %}
