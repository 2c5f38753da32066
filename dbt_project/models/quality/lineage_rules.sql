-- What each figure column of a mart rests on, as the marts' own YAML declares it.
with declared (mart, column_name, rests_on, is_always) as (
    values {{ declared_lineage() }}
),

final as (
    select
        cast(mart as varchar) as mart, cast(column_name as varchar) as column_name, cast(rests_on as varchar) as rests_on,
        cast(is_always as boolean) as is_always
    from declared
)

select * from final
