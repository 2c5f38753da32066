-- To half a unit of the last printed digit.
select expected.*, found.value
from {{ ref('expected_index') }} as expected
left join {{ ref('index_of_cases') }} as found
    on found.index_code = expected.index_code and found.measure = expected.measure
    and found.component is not distinct from expected.component and found.ref_area is not distinct from expected.ref_area
where not coalesce(case
    when expected.expected is null then found.measure is not null and found.value is null
    else abs(found.value - expected.expected) <= expected.tolerance
end, false)
