{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- The schema is the one the project says; dbt's default would prefix it with the profile's. -#}
    {{ custom_schema_name | trim if custom_schema_name is not none else target.schema }}
{%- endmacro %}
