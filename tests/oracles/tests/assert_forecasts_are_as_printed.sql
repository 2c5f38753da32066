-- To half a unit of the last printed digit; none where a value has no place on the scale.
select expected.*, found.value
from {{ ref('expected_forecasts') }} as expected
left join {{ ref('forecasts_of_cases') }} as found
    on found.series_key = expected.series_key and found.shape_code = expected.shape_code and found.quantity = expected.quantity
where not coalesce(case
    when expected.expected is null then found.series_key is not null and found.value is null
    else abs(found.value - expected.expected) <= expected.tolerance
end, false)
