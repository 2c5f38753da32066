{{ config(meta={'dagster': {'ref': {'name': 'regional_company_creation'}}}) }}
-- A period by subtraction is a difference of two statements of one publisher, definition, area, legal form and year, and
-- is never negative; what was printed is not changed. The finest periods never overlap.
select creations.row_key
from {{ ref('regional_company_creation') }} as creations
left join {{ ref('stg_observations') }} as later on later.observation_id = creations.observation_id
left join {{ ref('stg_observations') }} as earlier on earlier.observation_id = creations.subtracted_observation_id
where later.observation_id is null
    or (creations.method = 'AS_PRINTED' and ({{ differs('creations.value', 'later.value') }} or creations.subtracted_observation_id is not null))
    or (creations.method = 'BY_SUBTRACTION' and (
        earlier.observation_id is null or earlier.publisher <> later.publisher or earlier.definition <> later.definition
        or earlier.ref_area <> later.ref_area or earlier.breakdown <> later.breakdown or earlier.period_start <> later.period_start
        or extract(year from earlier.period_end) <> extract(year from later.period_end)
        or creations.period_start <= earlier.period_end or creations.period_end <> later.period_end
        or creations.value < 0 or creations.value <> later.value - earlier.value
    ))
union all
select one.row_key
from {{ ref('regional_company_creation') }} as one
inner join {{ ref('regional_company_creation') }} as other
    on other.definition = one.definition and other.ref_area = one.ref_area and other.breakdown = one.breakdown
    and other.publisher = one.publisher and other.row_key <> one.row_key
    and other.period_start <= one.period_end and other.period_end >= one.period_start
where one.is_finest and other.is_finest
