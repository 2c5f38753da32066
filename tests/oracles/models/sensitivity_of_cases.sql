-- Every worked example through the macro: three factors of two levels, every combination once.
with runs as (
    select example, run, outcome from {{ ref('sensitivity_cases') }}
),

levels as (
    {%- for factor in ['x1', 'x2', 'x3'] %}
    select distinct run, '{{ factor }}' as factor, cast({{ factor }} as varchar) as level from {{ ref('sensitivity_cases') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

shares as (
    {{ variance_shares('runs', 'levels', 'example') }}
)

select example, factor, 'first_order' as quantity, first_order as value from shares
union all
select example, factor, 'total_order' as quantity, total_order as value from shares
