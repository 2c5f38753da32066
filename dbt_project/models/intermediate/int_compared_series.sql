-- One series at one date over all units of a level: whether each has a figure, and the date before that it is held against.
with series as (
    select
        series_key, unit_level, geo_version, indicator, definition, urbanisation, breakdown, basis, season,
        period, period_start, period_end, unit_measure,
        count(*) filter (where is_exact) as units_found, min(units_expected) as units_expected,
        count(*) filter (where is_exact) = min(units_expected) and count(rate) = min(units_expected) as is_complete,
        count(weight) = min(units_expected) as has_weights,
        min(weight_indicator) as weight_indicator, min(weight_on) as weight_from, max(weight_on) as weight_on,
        max(obs_status = 'B') as has_break,
        -- Two dates are of the same units when these agree.
        bit_xor(hash(ref_area)) filter (where is_exact) as units_told_apart,
        {{ weakest_of('obs_status') }} as obs_status
    from {{ ref('int_compared_units') }}
    group by all
),

final as (
    select
        *,
        lag(series_key) over (
            partition by unit_level, geo_version, definition, urbanisation, breakdown, basis, season order by period_end
        ) as previous_series_key
    from series
)

select * from final
