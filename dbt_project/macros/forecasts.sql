{% macro forecast_scale(value, shape, ceiling) -%}
    {#- The scale on which a shape is a straight line: the value itself, its logarithm, or logit(y/K) = ln(y/(K - y)). -#}
    case
        when {{ shape }} = 'LINEAR' then {{ value }}
        when {{ shape }} = 'LOG_LINEAR' and {{ value }} > 0 then ln({{ value }})
        when {{ shape }} = 'LOGISTIC' and {{ value }} > 0 and {{ value }} < {{ ceiling }} then ln({{ value }} / ({{ ceiling }} - {{ value }}))
    end
{%- endmacro %}

{% macro forecast_value(scaled, shape, ceiling) -%}
    {#- Back from that scale. -#}
    case {{ shape }}
        when 'LINEAR' then {{ scaled }}
        when 'LOG_LINEAR' then exp({{ scaled }})
        when 'LOGISTIC' then {{ ceiling }} / (1 + exp(-({{ scaled }})))
    end
{%- endmacro %}

{% macro forecasts(points) -%}
    {#- One row per series and shape: the least-squares slope over its points on the shape's scale, and the value at `due_time`
        when the last point moves on with that slope. linear y + s (tT - t); log-linear y (1 + g)^(tT - t); logistic with ceiling
        K: logit(y/K) linear in time. A value that has no place on the scale leaves no slope. Not cut at the ceiling.
        `points` has series_key, shape_code, ceiling, at_time and due_time in years, value. -#}
    with scaled as (
        select *, {{ forecast_scale('value', 'shape_code', 'ceiling') }} as scaled from {{ points }}
    ),

    fitted as (
        select
            series_key, shape_code, ceiling, due_time, count(*) as points, max(at_time) as last_time, arg_max(value, at_time) as last_value,
            arg_max(scaled, at_time) as last_scaled,
            case when count(*) = count(scaled) and count(*) > 1
                then {{ in_order('regr_slope', 'scaled, at_time', 'at_time') }}
            end as slope
        from scaled
        group by series_key, shape_code, ceiling, due_time
    )

    select *, {{ forecast_value('last_scaled + slope * (due_time - last_time)', 'shape_code', 'ceiling') }} as forecast
    from fitted
{%- endmacro %}

{% macro cut_at_scale(forecast, ceiling) -%}
    {#- A forecast of what is bounded stays between 0 and its ceiling. -#}
    case when {{ forecast }} is not null and {{ ceiling }} is not null then greatest(0, least({{ ceiling }}, {{ forecast }})) else {{ forecast }} end
{%- endmacro %}

{% macro years_of(day) -%}
    {#- A date as years since year 0. -#}
    (cast({{ calendar_months(day) }} as double) / 12)
{%- endmacro %}
