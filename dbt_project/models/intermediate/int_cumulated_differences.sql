-- Figures cumulated since 1 January, turned into the periods between them: the later one minus the earlier one of the
-- same year, area, breakdown, publisher and definition. Every pair of one year, and which pairs are neighbours.
with statements as (
    select statements.*
    from {{ ref('stg_observations') }} as statements
    inner join {{ ref('int_latest_vintages') }} as vintages on vintages.observation_id = statements.observation_id
),

cumulated as (
    select
        indicator, definition, ref_area, urbanisation, breakdown, publisher, freq_class, unit_measure, period_start, period_end, period_key,
        value, observation_id, cell_id, document, obs_status,
        row_number() over (
            partition by definition, ref_area, urbanisation, breakdown, publisher, period_start order by period_end
        ) as place
    from statements
    where freq_class = 'FLOW' and is_exact
        and {{ month_day('period_start') }} = '01-01'
        and extract(year from period_start) = extract(year from period_end)
),

pairs as (
    select
        later.indicator, later.definition, later.ref_area, later.urbanisation, later.breakdown, later.publisher,
        later.freq_class, later.unit_measure, {{ days_after('earlier.period_end', 1) }} as period_start, later.period_end,
        later.value as later_value, later.observation_id as later_observation_id, later.cell_id as later_cell_id,
        later.document as later_document, later.period_key as later_period_key, later.obs_status as later_status,
        earlier.value as earlier_value, earlier.observation_id as earlier_observation_id,
        earlier.cell_id as earlier_cell_id, earlier.document as earlier_document, earlier.period_key as earlier_period_key, earlier.obs_status as earlier_status,
        later.place = earlier.place + 1 as are_neighbours
    from cumulated as later
    inner join cumulated as earlier
        on earlier.definition = later.definition and earlier.ref_area = later.ref_area
        and earlier.urbanisation = later.urbanisation and earlier.breakdown = later.breakdown
        and earlier.publisher = later.publisher and earlier.period_start = later.period_start
        and earlier.period_end < later.period_end and earlier.unit_measure = later.unit_measure
),

final as (
    select
        *,
        {{ period_code('freq_class', 'period_start', 'period_end') }} as period,
        later_value - earlier_value as difference,
        later_value < earlier_value as falls
    from pairs
)

select * from final
