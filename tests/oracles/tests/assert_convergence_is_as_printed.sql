{%- set measures = ['sigma_before', 'sigma_after', 'cv_before', 'cv_after', 'beta_slope', 'speed', 'half_life', 'delta_before', 'delta_after'] %}
-- To half a unit of the last printed digit.
with found as (
    {%- for measure in measures %}
    select example, '{{ measure }}' as measure, {{ measure }} as value from {{ ref('convergence_of_cases') }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
)

select expected.example, expected.measure, expected.expected, found.value
from {{ ref('expected_convergence') }} as expected
left join found using (example, measure)
where not coalesce(case
    when expected.expected is null then found.value is null
    else abs(found.value - expected.expected) <= expected.tolerance
end, false)
