-- The statements that the rows of the strategy marts rest on.
with fitted as (
    select
        'strategy_forecast' as mart, {{ row_key(['forecasts.target_id', 'forecasts.shape_code']) }} as row_key, 'OBSERVATION' as source_kind,
        points.observation_id as source_id, case when points.place <= forecasts.window_points then 'FITTED' else 'HELD_OUT' end as role
    from {{ ref('strategy_forecast') }} as forecasts
    inner join {{ ref('int_forecast_points') }} as points on points.target_id = forecasts.target_id
),

places as (
    select distinct 'city_programmes' as mart, programmes.programme as row_key, 'OBSERVATION' as source_kind, figures.observation_id as source_id, 'FIGURE' as role
    from {{ ref('city_programmes') }} as programmes
    inner join {{ ref('city_programme_figures') }} as figures on figures.programme = programmes.programme and figures.figure_of = 'PLACE'
    union all
    select 'city_programmes' as mart, programmes.programme as row_key, 'TARGET' as source_kind, targets.target_id as source_id, 'TARGET' as role
    from {{ ref('city_programmes') }} as programmes
    inner join {{ ref('strategy_targets') }} as targets on targets.ref_area = programmes.place
),

-- A verdict looks at the whole series that may be held against its target: whether it was reached in time, later, and lost again.
judged as (
    select
        'strategy_progress' as mart, {{ row_key(['progress.target_id', 'progress.method_code']) }} as row_key, 'OBSERVATION' as source_kind,
        actuals.observation_id as source_id, 'SERIES' as role
    from {{ ref('strategy_progress') }} as progress
    inner join {{ ref('int_target_actuals') }} as actuals on actuals.target_id = progress.target_id and actuals.known_as_of = 'NOW'
    union all
    select
        'strategy_progress' as mart, {{ row_key(['progress.target_id', 'progress.method_code']) }} as row_key, 'OBSERVATION' as source_kind,
        alternatives.observation_id as source_id, 'ALTERNATIVE' as role
    from {{ ref('strategy_progress') }} as progress
    inner join {{ ref('int_target_alternatives') }} as alternatives on alternatives.target_id = progress.target_id
    where progress.not_comparable_figures is not null
    union all
    select
        'strategy_forecast' as mart, {{ row_key(['forecasts.target_id', 'forecasts.shape_code']) }} as row_key, 'OBSERVATION' as source_kind,
        alternatives.observation_id as source_id, 'ALTERNATIVE' as role
    from {{ ref('strategy_forecast') }} as forecasts
    inner join {{ ref('int_target_alternatives') }} as alternatives on alternatives.target_id = forecasts.target_id
),

conflicting as (
    select 'strategy_targets' as mart, target_id as row_key, 'TARGET' as source_kind, {{ unnested('conflicting_target_ids', '; ') }} as source_id, 'CONFLICTING_TARGET' as role
    from {{ ref('strategy_targets') }}
    where is_in_conflict
),

scored as (
    select
        'strategy_scorecard' as mart, {{ row_key(['scorecard.strategy', 'scorecard.axis', 'scorecard.method_code']) }} as row_key,
        progress.target_id, progress.is_standing, progress.verdict, progress.actual_observation_id
    from {{ ref('strategy_scorecard') }} as scorecard
    inner join {{ ref('strategy_progress') }} as progress
        on progress.strategy = scorecard.strategy and progress.method_code = scorecard.method_code and scorecard.axis in ('_T', progress.domain)
),

targets as (
    select 'strategy_targets' as mart, target_id as row_key, 'TARGET' as source_kind, target_id as source_id, 'TARGET' as role
    from {{ ref('strategy_targets') }}
    union all
    select 'strategy_progress' as mart, target_id || '|' || method_code as row_key, 'TARGET' as source_kind, target_id as source_id, 'TARGET' as role
    from {{ ref('strategy_progress') }}
    union all
    select mart, row_key, 'TARGET' as source_kind, target_id as source_id, 'TARGET' as role
    from scored
    union all
    select 'strategy_target_chains' as mart, row_key, 'TARGET' as source_kind, target_id as source_id, 'TARGET' as role
    from {{ ref('strategy_target_chains') }}
    union all
    select 'strategy_target_chains' as mart, row_key, 'TARGET' as source_kind, later_target_id as source_id, 'LATER_TARGET' as role
    from {{ ref('strategy_target_chains') }}
    where later_target_id is not null
    union all
    select 'strategy_forecast' as mart, target_id || '|' || shape_code as row_key, 'TARGET' as source_kind, target_id as source_id, 'TARGET' as role
    from {{ ref('strategy_forecast') }}
    union all
    select 'strategy_timeline' as mart, row_key, 'TARGET' as source_kind, target_id as source_id, 'TARGET' as role
    from {{ ref('strategy_timeline') }}
    where target_id is not null
),

-- What the verdicts that a scorecard counts were read from; one figure may answer several targets.
counted as (
    select distinct mart, row_key, 'OBSERVATION' as source_kind, actual_observation_id as source_id, 'ACTUAL' as role
    from scored
    where is_standing and actual_observation_id is not null
    union all
    select distinct scored.mart, scored.row_key, 'OBSERVATION' as source_kind, alternatives.observation_id as source_id, 'ALTERNATIVE' as role
    from scored
    inner join {{ ref('int_target_alternatives') }} as alternatives on alternatives.target_id = scored.target_id
    where scored.is_standing and scored.verdict = 'NOT_COMPARABLE'
),

events as (
    select 'city_programmes' as mart, programmes.programme as row_key, 'EVENT' as source_kind, events.event_id as source_id, 'EVENT' as role
    from {{ ref('city_programmes') }} as programmes
    inner join {{ ref('stg_events') }} as events on events.event_id = programmes.event_id
    union all
    select 'strategy_timeline' as mart, row_key, 'EVENT' as source_kind, event_id as source_id, 'EVENT' as role
    from {{ ref('strategy_timeline') }}
    where event_id is not null
),

final as (
    select mart, row_key, source_kind, source_id, role from fitted
    union all
    select mart, row_key, source_kind, source_id, role from judged
    union all
    select mart, row_key, source_kind, source_id, role from conflicting
    union all
    select mart, row_key, source_kind, source_id, role from places
    union all
    select mart, row_key, source_kind, source_id, role from targets
    union all
    select mart, row_key, source_kind, source_id, role from counted
    union all
    select mart, row_key, source_kind, source_id, role from events
)

select * from final
