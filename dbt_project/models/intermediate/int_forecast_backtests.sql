-- How far each shape would have missed figures that are known: every figure with enough before it is held out and forecast from
-- what came before, once as that stands now and once as it had been published before the figure held out.
with points as (
    select points.*, shapes.ceiling, {{ unnested('shapes.shapes') }} as shape_code
    from {{ ref('int_forecast_points') }} as points
    inner join {{ ref('int_target_shapes') }} as shapes on shapes.target_id = points.target_id
),

histories as (
    select
        held.target_id, held.shape_code, held.ceiling, held.observation_id as held_observation_id, held.at_time as due_time, held.value as held_value,
        held.published_not_after as held_published, earlier.cell_id, earlier.at_time, earlier.value, earlier.place - held.place as steps_before
    from points as held
    inner join points as earlier
        on earlier.target_id = held.target_id and earlier.shape_code = held.shape_code and earlier.place > held.place
),

known_before as (
    select
        histories.*, vintages.observation_id,
        row_number() over (
            partition by histories.target_id, histories.shape_code, histories.held_observation_id, histories.cell_id
            order by vintages.place asc
        ) as choice
    from histories
    inner join {{ ref('int_observation_vintages') }} as vintages
        on vintages.cell_id = histories.cell_id and vintages.published_not_after < histories.held_published
    where vintages.known_until is null
),

known_in_order as (
    select
        known_before.*, cast(statements.value as double) as value_then,
        row_number() over (
            partition by known_before.target_id, known_before.shape_code, known_before.held_observation_id order by known_before.at_time desc
        ) as steps_known
    from known_before
    inner join {{ ref('stg_observations') }} as statements on statements.observation_id = known_before.observation_id
    where known_before.choice = 1 and statements.is_exact
),

trials as (
    select 'NOW' as known_as_of, target_id, held_observation_id, shape_code, ceiling, at_time, due_time, held_value, value
    from histories
    where steps_before <= {{ convention('forecast_window_points') }}
    union all
    select 'BEFORE' as known_as_of, target_id, held_observation_id, shape_code, ceiling, at_time, due_time, held_value, value_then as value
    from known_in_order
    where steps_known <= {{ convention('forecast_window_points') }}
),

series as (
    select
        {{ row_key(['known_as_of', 'target_id', 'held_observation_id']) }} as series_key, known_as_of, target_id, held_value, shape_code, ceiling,
        at_time, due_time, value
    from trials
),

fitted as (
    {{ forecasts('series') }}
),

held as (
    select distinct series_key, shape_code, known_as_of, target_id, held_value from series
),

final as (
    select
        held.target_id, held.shape_code, held.known_as_of,
        cast(count(*) as integer) as origins,
        {{ in_order('avg', share('abs(' ~ cut_at_scale('fitted.forecast', 'fitted.ceiling') ~ ' - held.held_value)', 'abs(held.held_value)'), 'held.series_key') }} as mean_error
    from held
    inner join fitted on fitted.series_key = held.series_key and fitted.shape_code = held.shape_code
    where fitted.points >= {{ convention('forecast_least_points') }} and fitted.forecast is not null
    group by held.target_id, held.shape_code, held.known_as_of
)

select * from final
