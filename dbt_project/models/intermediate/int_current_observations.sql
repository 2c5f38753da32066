-- One statement for each cell: the current value, and the rule that chose it over the runner-up.
{%- set rules = [
    ('has_value', 'desc', 'value_before_none'),
    ('is_exact', 'desc', 'exact_before_bounded'),
    ('publisher_precedence', 'asc nulls last', 'publisher_precedence'),
    ('published_on', 'desc nulls last', 'published_on'),
    ('recorded_at', 'desc', 'recorded_at'),
    ('observation_id', 'asc', 'observation_id'),
] %}
with statements as (
    select * from {{ ref('stg_observations') }}
),

ordered as (
    select
        *,
        row_number() over precedence as place,
        count(*) over (partition by cell_id) as statements,
        {%- for column, _, rule in rules %}
        lead({{ column }}) over precedence as next_{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from statements
    window precedence as (
        partition by cell_id
        order by {% for column, direction, rule in rules %}{{ column }} {{ direction }}{{ ', ' if not loop.last }}{% endfor %}
    )
),

decided as (
    select
        *,
        case
            when statements = 1 then 'only_statement'
            {%- for column, _, rule in rules %}
            when {{ differs(column, 'next_' ~ column) }} then '{{ rule }}'
            {%- endfor %}
        end as decided_by
    from ordered
    where place = 1
),

final as (
    select
        cell_id, indicator, definition, freq_class, period_start, period_end, period, period_key,
        ref_area, geo_version, urbanisation, breakdown,
        value, value_lower, value_upper, tolerance, ends_are_open, is_exact, has_value,
        bound, obs_value, unit_measure, unit_mult, decimals, freq, flow, time_period, obs_status, comment,
        dataset, publisher, document, release, locator, quote,
        published_on, published_precision, published_not_after, recorded_at,
        observation_id, decided_by, statements
    from decided
)

select * from final
