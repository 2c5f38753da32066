{{ config(meta={'dagster': {'ref': {'name': 'int_current_observations'}}}) }}
-- Every cell has one current value, one of its own statements, and no bounded one where an exact one was made.
with statements as (
    select cell_id, count(*) as statements, count(*) filter (where is_exact) as exact_statements
    from {{ tested(ref('stg_observations')) }}
    group by cell_id
)

select statements.cell_id, current_values.observation_id, current_values.decided_by
from statements
left join {{ ref('int_current_observations') }} as current_values on current_values.cell_id = statements.cell_id
where current_values.cell_id is null
    or (statements.exact_statements > 0 and not current_values.is_exact)
    or current_values.statements <> statements.statements
    or (current_values.decided_by = 'only_statement') <> (statements.statements = 1)
