{% materialization table, adapter='duckdb', supported_languages=['sql'] %}
    {#- A table, written in its place. The adapter's own writes it under another name, so that readers keep the old one: here nobody reads while
        dbt writes (the draft is published as a whole), and four more statements a model took as long as most models take. -#}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {%- if existing is not none -%} drop {{ existing.type }} {{ existing }}; {% endif %}
        {{ create_table_as(False, target, compiled_code, 'sql') }}
    {%- endcall %}
    {% do create_indexes(target) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
