-- y = x1 + 10 x2 has shares of 1 and 100 in 101 and nothing of x3; a product is all interaction; a constant has none.
select expected.*, found.value
from {{ ref('expected_sensitivity') }} as expected
left join {{ ref('sensitivity_of_cases') }} as found
    on found.example = expected.example and found.factor = expected.factor and found.quantity = expected.quantity
where not coalesce(case
    when expected.expected is null then found.example is not null and found.value is null
    else abs(found.value - expected.expected) <= expected.tolerance
end, false)
