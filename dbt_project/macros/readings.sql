{% macro readings(statements, is_corrected) -%}
    {#- Every statement as this house has read it over time: as printed until a correction is declared, as corrected since,
        and either until the day on which its release was replaced. `known_until` is the first day on which it is no longer
        read so, and null for the reading of today. Over the relation `statements` and the CTE `corrections`; the relation is
        named in both branches, since a CTE that is read twice is made whole first, whatever little is asked of it. -#}
    select
        statements.*, cast(null as varchar) as correction, cast(null as varchar) as corrected_value,
        cast(statements.recorded_at as date) as known_from,
        -- The earlier of both ends; null only when there is neither.
        least(
            releases.withdrawn_on,
            case when corrections.correction is not null then greatest(corrections.declared_on, cast(statements.recorded_at as date)) end
        ) as known_until
    from {{ statements }} as statements
    inner join {{ ref('stg_releases') }} as releases on releases.dataset = statements.dataset and releases.release = statements.release
    left join corrections on {{ is_corrected }}
    union all
    select
        statements.*, corrections.correction, corrections.corrected_value,
        greatest(corrections.declared_on, cast(statements.recorded_at as date)) as known_from, releases.withdrawn_on as known_until
    from {{ statements }} as statements
    inner join {{ ref('stg_releases') }} as releases on releases.dataset = statements.dataset and releases.release = statements.release
    inner join corrections on {{ is_corrected }}
{%- endmacro %}

{% macro corrects(number) -%}
    {#- Whether a correction is meant for a statement's release; it may name one release or stand for all of the data set, and
        touches only the number that it expects: a slip of ours, mended since, may have read another. -#}
    corrections.corrected_column = '{{ number }}' and corrections.dataset = statements.dataset
        and corrections.printed_value = statements.{{ number }}
        and coalesce(corrections.release, statements.release) = statements.release
{%- endmacro %}
