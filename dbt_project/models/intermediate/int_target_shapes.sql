-- How each target may be paced and forecast: as declared for its indicator, or else for its unit.
select
    targets.target_id,
    case when by_indicator.code is not null then by_indicator.pace else by_unit.pace end as pace,
    case when by_indicator.code is not null then by_indicator.shapes else by_unit.shapes end as shapes,
    case when by_indicator.code is not null then by_indicator.ceiling else by_unit.ceiling end as ceiling
from {{ ref('stg_targets') }} as targets
left join {{ ref('progress_shapes') }} as by_indicator on by_indicator.applies_to = 'INDICATOR' and by_indicator.code = targets.indicator
left join {{ ref('progress_shapes') }} as by_unit on by_unit.applies_to = 'UNIT' and by_unit.code = targets.unit_measure
