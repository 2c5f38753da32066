with refused as (
    select * from {{ source('raw', 'refused_rows') }}
),

numbered as (
    select
        *,
        row_number() over (partition by dataset, release order by row_number nulls first, column_name nulls first, rule, message, value) as problem
    from refused
),

final as (
    select
        {{ row_key(['numbered.dataset', 'numbered.release', 'cast(numbered.problem as varchar)']) }} as row_key,
        numbered.dataset, numbered.release, numbered.sha256, cast(numbered.problem as integer) as problem,
        numbered.row_number, numbered.column_name, numbered.value, numbered.rule, numbered.message,
        releases.published_on, releases.retrieved_on
    from numbered
    left join {{ ref('stg_releases') }} as releases using (dataset, release)
)

select * from final
