-- To half a unit of the last printed digit; where a measure is undefined, for the reason stated.
select expected.example, expected.measure_code, expected.expected, found.value, found.undefined_because
from {{ ref('expected_disparity') }} as expected
left join {{ ref('disparity_of_cases') }} as found using (example, measure_code)
where not coalesce(case
    when expected.expected is null then found.value is null and found.undefined_because = expected.undefined_because
    -- An exact zero is zero; any other exact value is one to the last digits of a double.
    else found.undefined_because is null and abs(found.value - expected.expected) <= expected.tolerance + 1e-14 * abs(expected.expected)
end, false)
