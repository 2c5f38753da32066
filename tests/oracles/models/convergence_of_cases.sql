-- Every worked example through the macros of the marts, one row per example.
select
    example,
    {{ sigma_of_logs('before') }} as sigma_before, {{ sigma_of_logs('after') }} as sigma_after,
    {{ sigma_cv('before') }} as cv_before, {{ sigma_cv('after') }} as cv_after,
    {{ beta_regression('regr_slope', 'before', 'after', 'years') }} as beta_slope,
    {{ convergence_speed('beta_slope', 'min(years)') }} as speed,
    {{ half_life('speed') }} as half_life,
    {{ delta_distance('before') }} as delta_before, {{ delta_distance('after') }} as delta_after
from {{ ref('convergence_cases') }}
group by example
