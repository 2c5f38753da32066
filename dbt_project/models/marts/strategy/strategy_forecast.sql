with targets as (
    select * from {{ ref('strategy_targets') }}
),

asked as (
    select
        shapes.target_id, shapes.pace, shapes.ceiling,
        {{ unnested("case when shapes.pace = 'PACED' then shapes.shapes else 'NONE' end") }} as shape_code
    from {{ ref('int_target_shapes') }} as shapes
),

points as (
    select asked.target_id as series_key, asked.shape_code, asked.ceiling, points.at_time, points.due_time, points.value
    from asked
    inner join {{ ref('int_forecast_points') }} as points on points.target_id = asked.target_id
    where points.place <= {{ convention('forecast_window_points') }}
),

fitted as (
    {{ forecasts('points') }}
),

windows as (
    select
        target_id, min(period_end) as window_start, max(period_end) as window_end, count(*) as points,
        {{ joined('period') }} as window_periods, arg_max(observation_id, period_end) as last_observation_id
    from {{ ref('int_forecast_points') }}
    where place <= {{ convention('forecast_window_points') }}
    group by target_id
),

-- Figures that the forecast does not rest on, though they may be newer.
alternatives as (
    select target_id, {{ joined('named') }} as named from {{ ref('int_target_alternatives') }} group by target_id
),

judged as (
    select
        asked.*, windows.window_start, windows.window_end, windows.window_periods, windows.last_observation_id,
        coalesce(windows.points, 0) as points, fitted.last_value, fitted.slope, fitted.forecast,
        case
            when asked.pace <> 'PACED' then asked.pace
            when targets.due_on is null then 'NO_DUE_DATE'
            when targets.due_on <= {{ evaluation_date() }} then 'PAST_DUE'
            when coalesce(windows.points, 0) < {{ convention('forecast_least_points') }} then 'TOO_FEW_POINTS'
            when fitted.forecast is null then 'OFF_THE_SCALE'
        end as refused_because
    from asked
    inner join targets on targets.target_id = asked.target_id
    left join windows on windows.target_id = asked.target_id
    left join fitted on fitted.series_key = asked.target_id and fitted.shape_code = asked.shape_code
),

made as (
    select
        *,
        case when refused_because is null then {{ cut_at_scale('forecast', 'ceiling') }} end as forecast_value
    from judged
),

final as (
    select
        targets.target_id, made.shape_code,
        targets.strategy, targets.strategy_label_fr, targets.strategy_label_ar, targets.strategy_label_en,
        targets.indicator, targets.indicator_label_fr, targets.indicator_label_ar, targets.indicator_label_en, targets.domain, targets.definition,
        targets.ref_area, targets.area_label_fr, targets.area_label_ar, targets.area_label_en, targets.urbanisation, targets.breakdown,
        targets.is_standing, targets.direction, targets.due_period, targets.due_on,
        made.forecast_value, case when made.forecast_value is null then 'O' else 'F' end as obs_status, targets.unit_measure,
        made.refused_because,
        made.forecast_value is not null and made.forecast_value <> made.forecast as is_cut_at_scale, made.ceiling,
        targets.value as target_value, targets.bound as target_bound,
        case
            when made.forecast_value is null or targets.value_lower is null or targets.value_upper is null then null
            when targets.direction = 'UP' and made.forecast_value >= targets.value_upper or targets.direction = 'DOWN' and made.forecast_value <= targets.value_lower then 'MET'
            when targets.direction = 'UP' and made.forecast_value < targets.value_lower or targets.direction = 'DOWN' and made.forecast_value > targets.value_upper then 'UNMET'
            else 'OPEN'
        end as met_state,
        made.window_start, made.window_end, cast(made.points as integer) as window_points, made.window_periods,
        made.last_value, made.slope,
        backtests.mean_error as backtest_error, coalesce(backtests.origins, 0) as backtest_origins,
        known.mean_error as backtest_error_known, coalesce(known.origins, 0) as backtest_origins_known,
        case
            when made.forecast_value is null or backtests.origins > 0 then null
            when made.points <= {{ convention('forecast_least_points') }} then 'TOO_FEW_POINTS'
            else 'OFF_THE_SCALE'
        end as no_backtest_because,
        alternatives.named as not_comparable_figures, made.last_observation_id
    from made
    inner join targets on targets.target_id = made.target_id
    left join alternatives on alternatives.target_id = made.target_id
    left join {{ ref('int_forecast_backtests') }} as backtests
        on backtests.target_id = made.target_id and backtests.shape_code = made.shape_code and backtests.known_as_of = 'NOW'
    left join {{ ref('int_forecast_backtests') }} as known
        on known.target_id = made.target_id and known.shape_code = made.shape_code and known.known_as_of = 'BEFORE'
)

select * from final
