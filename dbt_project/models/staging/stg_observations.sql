-- What publishers have stated about cells, in units, with the interval that the wording allows: the statements that stand, as
-- they are read today.
with readings as (
    select * from {{ ref('base_observations') }}
),

final as (
    select
        observation_id, cell_id, indicator, definition, freq_class, period_start, period_end, ref_area, geo_version,
        urbanisation, breakdown, obs_value, unit_measure, unit_mult, decimals, freq, time_period, flow, bound, obs_lower,
        obs_upper, obs_status, conf_status, dataset, publisher, document, release, release_row, locator, quote, comment,
        published_on, published_precision, published_not_after, retrieved_on, recorded_at, sha256, correction, corrected_value,
        known_from, value, range_lower, range_upper, tolerance, value_lower, value_upper, ends_are_open, is_exact, has_value,
        period, period_key, publisher_precedence
    from readings
    where known_until is null
)

select * from final
