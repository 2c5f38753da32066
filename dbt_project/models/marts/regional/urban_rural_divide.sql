with cells as (
    select cells.*, areas.level, areas.region
    from {{ ref('int_current_observations') }} as cells
    inner join {{ ref('areas') }} as areas on areas.ref_area = cells.ref_area
    where cells.urbanisation in ('U', 'R') and cells.period_end is not null and cells.unit_measure <> 'RANK'
        and areas.level in ('country', 'region', 'province')
),

sides as (
    select
        definition, indicator, ref_area, level, geo_version, breakdown, period, period_key, period_start, period_end, unit_measure,
        max(case when urbanisation = 'U' and is_exact then value end) as urban_value,
        max(case when urbanisation = 'R' and is_exact then value end) as rural_value,
        max(case when urbanisation = 'U' then observation_id end) as urban_observation_id,
        max(case when urbanisation = 'R' then observation_id end) as rural_observation_id,
        {{ weakest_of('obs_status') }} as obs_status
    from cells
    group by all
),

placed as (
    select
        sides.*, {{ calendar_months('sides.period_end') }} as month,
        indicators.domain, indicators.label_fr, indicators.label_ar, indicators.label_en,
        case when sides.unit_measure = 'PERCENT' then indicators.upper_limit end as ceiling,
        sides.urban_value as urban, sides.rural_value as rural,
        coalesce(indicators.direction, 'NONE') in ('UP', 'DOWN') as has_better,
        -- Ahead is the higher part, or the lower where down is good; nobody where neither is better.
        case
            when sides.urban_value <> sides.rural_value and indicators.direction in ('UP', 'DOWN')
                then (sides.urban_value > sides.rural_value) = (indicators.direction = 'UP')
        end as is_urban_ahead,
        case (sides.urban_value > sides.rural_value) = (indicators.direction = 'UP')
            when true then count(sides.urban_value) over part when false then count(sides.rural_value) over part
        end as points_ahead,
        sides.urban_value is not null and sides.rural_value is not null and sides.period_end
        = max(case when sides.urban_value is not null and sides.rural_value is not null then sides.period_end end)
            over part as is_latest
    from sides
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = sides.indicator
    -- A count of town and country is no gap in a service: only rates and shares are compared.
    where indicators.aggregation <> 'SUM'
    window part as (partition by sides.definition, sides.ref_area, sides.breakdown)
),

-- The levels that a side passes between two successive published points.
stretches as (
    {%- for side in ['urban', 'rural'] %}
    select
        definition, ref_area, breakdown, '{{ side }}' as side, period_key as reached_period_key, month as month_after, {{ side }} as value_after,
        coalesce(lag(month) over in_time, month) as month_before, coalesce(lag({{ side }}) over in_time, {{ side }}) as value_before
    from placed
    where {{ side }} is not null
    window in_time as (partition by definition, ref_area, breakdown order by month)
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- When the side ahead was where the side behind is: the first time its path passes that level.
reached as (
    select
        placed.definition, placed.ref_area, placed.breakdown, placed.period_key,
        min({{ reached_on(
            'case when placed.is_urban_ahead then placed.rural else placed.urban end', 'stretches.month_before', 'stretches.value_before', 'stretches.month_after', 'stretches.value_after'
        ) }}) as leader_month
    from placed
    inner join stretches
        on stretches.definition = placed.definition and stretches.ref_area = placed.ref_area and stretches.breakdown = placed.breakdown
        and stretches.side = case when placed.is_urban_ahead then 'urban' else 'rural' end
        and case when placed.is_urban_ahead then placed.rural else placed.urban end
        between least(stretches.value_before, stretches.value_after) and greatest(stretches.value_before, stretches.value_after)
    where placed.urban is not null and placed.rural is not null
    group by placed.definition, placed.ref_area, placed.breakdown, placed.period_key
),

final as (
    select
        {{ row_key(['placed.definition', 'placed.ref_area', 'placed.breakdown', 'placed.period_key']) }} as row_key,
        placed.indicator, placed.label_fr as indicator_label_fr, placed.label_ar as indicator_label_ar, placed.label_en as indicator_label_en,
        placed.domain, placed.definition,
        placed.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en, placed.level, placed.geo_version,
        placed.breakdown, placed.period, placed.period_start, placed.period_end, coalesce(placed.is_latest, false) as is_latest, placed.unit_measure,
        placed.urban_value, placed.rural_value,
        placed.urban - placed.rural as gap,
        {{ share('placed.urban', 'placed.rural') }} as ratio,
        {{ odds_ratio('placed.urban', 'placed.rural', 'placed.ceiling') }} as odds_ratio,
        {{ offline_ratio('placed.urban', 'placed.rural', 'placed.ceiling') }} as offline_ratio,
        case when placed.is_urban_ahead is not null then (placed.month - reached.leader_month) / 12 end as time_distance_years,
        case placed.is_urban_ahead when true then 'URBAN' when false then 'RURAL' end as side_ahead,
        {{ reasons([
            ("every measure", "placed.urban is null", "'NO_URBAN_VALUE'"),
            ("every measure", "placed.rural is null", "'NO_RURAL_VALUE'"),
            ("ratio", "placed.rural = 0 and placed.urban is not null", "'ZERO_VALUE'"),
            ("odds_ratio", "placed.urban is not null and placed.rural is not null and placed.ceiling is null", "'NO_CEILING'"),
            ("odds_ratio", "placed.rural = 0 or placed.urban = placed.ceiling", "'ZERO_VALUE'"),
            ("offline_ratio", "placed.urban is not null and placed.rural is not null and placed.ceiling is null", "'NO_CEILING'"),
            ("offline_ratio", "placed.rural = placed.ceiling", "'ZERO_VALUE'"),
            ("side_ahead", "placed.urban = placed.rural", "'EQUAL_PARTS'"),
            ("side_ahead", "placed.urban <> placed.rural and not placed.has_better", "'NO_DIRECTION'"),
            ("time_distance", "placed.urban = placed.rural", "'EQUAL_PARTS'"),
            ("time_distance", "placed.urban <> placed.rural and not placed.has_better", "'NO_DIRECTION'"),
            ("time_distance", "placed.is_urban_ahead is not null and reached.leader_month is null and placed.points_ahead = 1", "'NO_PREVIOUS'"),
            ("time_distance", "placed.is_urban_ahead is not null and reached.leader_month is null and placed.points_ahead > 1", "'OUTSIDE_LEADER_PATH'"),
        ]) }} as undefined_because,
        placed.obs_status, placed.urban_observation_id, placed.rural_observation_id
    from placed
    inner join {{ ref('areas') }} as areas on areas.ref_area = placed.ref_area
    left join reached
        on reached.definition = placed.definition and reached.ref_area = placed.ref_area and reached.breakdown = placed.breakdown
        and reached.period_key = placed.period_key
)

select * from final
