-- To half a unit of the last printed digit.
select cases.*, found.value, found.per_1000
from {{ ref('share_cases') }} as cases
left join {{ ref('shares_of_cases') }} as found on found.example = cases.example
where not coalesce(abs(found.value - cases.expected) <= cases.tolerance, false)
    or not coalesce(abs(found.per_1000 / 1000 - cases.expected) <= cases.tolerance, false)
