{% macro declared_lineage() -%}
    {#- Rows (mart, column, origin, whether always) of what the marts' YAML declares under config.meta.rests_on and may_rest_on. -#}
    {%- set rules = [] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.schema == 'marts' -%}
            {%- for rule, always in [('rests_on', 'true'), ('may_rest_on', 'false')] -%}
                {%- for origin, columns in node.config.meta.get(rule, {}).items() -%}
                    {%- for column in columns -%}
                        {%- do rules.append("('" ~ node.name ~ "', '" ~ column ~ "', '" ~ origin ~ "', " ~ always ~ ")") -%}
                    {%- endfor -%}
                {%- endfor -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ rules | sort | join(', ') or "('', '', '', false)" }}
{%- endmacro %}
