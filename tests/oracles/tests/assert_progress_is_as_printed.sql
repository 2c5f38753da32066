-- To half a unit of the last printed digit; classes and reasons word for word; what is undefined has neither measure nor class.
select expected.*, found.value, found.said as said_instead
from {{ ref('expected_progress') }} as expected
left join {{ ref('progress_of_cases') }} as found
    on found.example = expected.example and found.method_code = expected.method_code and found.quantity = expected.quantity
where not coalesce(case
    when expected.said is not null then found.said = expected.said
    else abs(found.value - expected.expected) <= expected.tolerance
end, false)
union all
select undefined.example, undefined.method_code, measured.quantity, null, null, undefined.said, measured.value, measured.said
from {{ ref('progress_of_cases') }} as undefined
inner join {{ ref('progress_of_cases') }} as measured
    on measured.example = undefined.example and measured.method_code = undefined.method_code
    and measured.quantity in ('measure', 'projected', 'class_code', 'class_score')
where undefined.quantity = 'undefined_because' and undefined.said is not null and (measured.value is not null or measured.said is not null)
