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
    series_key in {{ touched_series_keys() }}
    {%- elif key == 'pair' -%}
    {#- A series and the one before it: a new one may have come between two that stand. -#}
    series_key in (
        select later.series_key from {{ ref('int_compared_series') }} as later
        where later.series_key in {{ touched_series_keys() }} or later.previous_series_key in {{ touched_series_keys() }}
    )
    {%- endif -%}
{%- endmacro %}

{% macro touched_series_keys() -%}
    {#- Keys of the compared series that new releases touch, as a subquery. -#}
    (select units.series_key from {{ ref('int_compared_units') }} as units where {{ is_touched('series') }})
{%- endmacro %}

{% macro tested(relation, key='cell_id') -%}
    {#- The relation, as a test reads it: on a night that only added releases, its rows of the cells (or series) that these
        touch. The rest passed when it was written: after a test that failed everything is built. -#}
    {%- if rest_was_tested() -%}
    (select * from {{ relation }} where {{ is_touched(key) }})
    {%- else -%}
    {{ relation }}
    {%- endif -%}
{%- endmacro %}

{% macro tested_lineage() -%}
    {#- quality.lineage, as a test reads it: of local_indicators, which has a row for each cell, by cell; of sets by series. -#}
    {%- set lineage, of_sets, local = ref('lineage'), is_tested_set('source_id'), tested(ref('local_indicators')) -%}
    {%- if rest_was_tested() -%}
    (
        select * from {{ lineage }} where mart <> 'local_indicators' and (source_kind <> 'PARTS' or {{ of_sets }})
        union all
        select * from {{ lineage }} where mart = 'local_indicators' and row_key in (select written.row_key from {{ local }} as written)
    )
    {%- else -%}
    {{ lineage }}
    {%- endif -%}
{%- endmacro %}

{% macro is_tested_set(parts_key) -%}
    {#- Whether a set of statements (of quality.lineage_parts) is looked at: all but the series that stand as they were tested. -#}
    {%- set all_series, units = ref('int_compared_series'), tested(ref('int_compared_units'), 'series') -%}
    {%- if rest_was_tested() -%}
    {{ parts_key }} not in (
        select standing.series_key from {{ all_series }} as standing where standing.series_key not in (select written.series_key from {{ units }} as written)
    )
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}

{% macro rest_was_tested() -%}
    {#- Said by the pipeline to the dbt that it runs; dbt by hand tests everything. Asked when tests run, not when they are parsed: the
        project would be parsed anew whenever the answer changed. -#}
    {{ return(execute and env_var('MARSAD_BUILT_OF', 'everything') == 'touched') }}
{%- endmacro %}
