{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {#- What persist_docs writes into the catalog: the comment of a relation and of its columns, in one statement. The adapter's own asks the
        catalog twice for the columns that there are and leaves out what is documented and not there; here that fails. -#}
    {%- set said = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do said.append('comment on ' ~ relation.type ~ ' ' ~ relation ~ ' is $comment$' ~ model.description ~ '$comment$') -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() -%}
            {%- do said.append('comment on column ' ~ relation ~ '.' ~ column.name ~ ' is $comment$' ~ column.description ~ '$comment$') -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if said -%}
        {%- do run_query(said | join(';\n')) -%}
    {%- endif -%}
{%- endmacro %}
