{% macro compound_growth(later, earlier, years) -%}
    {#- Compound annual growth rate (later/earlier)^(1/years) - 1; undefined for a zero, for values of both signs and over no time. -#}
    case when {{ earlier }} * {{ later }} > 0 and {{ years }} > 0 then power({{ later }} / {{ earlier }}, 1.0 / {{ years }}) - 1 end
{%- endmacro %}

{% macro natural_limit_factor(baseline, natural_limit) -%}
    {#- By how much Statistics Canada lowers its thresholds for a value that starts near a natural limit:
        1 - (y0/limit)^4.44 below it, 1 - ((2 limit - y0)/limit)^4.44 above it, 1 beyond twice the limit or without one. -#}
    case
        when {{ natural_limit }} is null or {{ natural_limit }} <= 0 or {{ baseline }} < 0 or {{ baseline }} >= 2 * {{ natural_limit }} then 1.0
        else 1 - power(
            (case when {{ baseline }} <= {{ natural_limit }} then {{ baseline }} else 2 * {{ natural_limit }} - {{ baseline }} end) / {{ natural_limit }},
            cast({{ convention('natural_limit_exponent') }} as double)
        )
    end
{%- endmacro %}

{% macro reads_trend_alone(method) -%}
    {#- Methods for a promise without a number: they read a movement, and say nothing of how far it is from anything. -#}
    {{ method }} in ('STATCAN_N', 'UNSD_2023_N', 'UNSD_2026_N')
{%- endmacro %}

{% macro progress_measures(ends) -%}
    {#- What each method measures, one row per row of `ends` and method, NULL with `undefined_because` where it is undefined.
        Notation: y0 baseline, y actual, yT target, d = 1 upwards and -1 downwards, e years elapsed, n years in all.
        LINEAR     (y - y0) / (yT - y0), beside e/n; v = y + (y - y0)/e (n - e)
        STATCAN_Q  R = d CAGR(y, y0, e) / |CAGR(yT, y0, n)|; growth of negative values counts the other way round
        *_N        d CAGR(y, y0, e), the target aside; STATCAN_N's thresholds above zero times the factor for a natural limit
        UNSD_*     v = y (1 + CAGR)^(n - e); (v - y0) / (yT - y0)
        ESCAP_CSI  10 d (y - y0) / |yT - y0|, at most 10
        ESCAP_API  (yT - v) / (yT - y0), v on the line through y0 and y; with figures in between it needs weights not known here
        DE_NSDP    (yT - v) / (yT - y), v = y + (mean of the last annual changes) (n - e)
        `ends` has baseline, actual, target, years_elapsed, years_total (doubles), direction, natural_limit, points_between,
        trend_points, trend_slope (change a year), unpaced_because, has_break; its other columns are carried along. -#}
    with grown as (
        select
            ends.*, methods.code as method_code,
            case when ends.direction = 'UP' then 1 else -1 end as d,
            case when ends.baseline < 0 and ends.actual < 0 then -1 else 1 end as growth_sign,
            methods.code in ('STATCAN_Q', 'UNSD_2023', 'UNSD_2026') or {{ reads_trend_alone('methods.code') }} as uses_growth,
            {{ compound_growth('ends.actual', 'ends.baseline', 'ends.years_elapsed') }} as growth_observed,
            {{ compound_growth('ends.target', 'ends.baseline', 'ends.years_total') }} as growth_required,
            case when methods.code = 'STATCAN_N' then {{ natural_limit_factor('ends.baseline', 'ends.natural_limit') }} else 1.0 end as threshold_factor
        from {{ ends }} as ends
        inner join {{ ref('code_lists') }} as methods on methods.code_list = 'PROGRESS_METHOD'
    ),

    checked as (
        select
            *,
            case
                when unpaced_because is not null then unpaced_because
                when actual is null then 'NO_FIGURE'
                when target is null and not {{ reads_trend_alone('method_code') }} then 'NO_TARGET_VALUE'
                when method_code <> 'DE_NSDP' and baseline is null then 'NO_BASELINE'
                when method_code <> 'ESCAP_CSI' and not {{ reads_trend_alone('method_code') }} and years_total is null then 'NO_DUE_DATE'
                when method_code not in ('ESCAP_CSI', 'DE_NSDP') and years_elapsed <= 0 then 'NO_TIME_ELAPSED'
                when has_break then 'BREAK'
                when uses_growth and growth_observed is null or method_code = 'STATCAN_Q' and growth_required is null then 'NO_GROWTH_RATE'
                when method_code = 'STATCAN_Q' and growth_required = 0 then 'TARGET_AT_BASELINE'
                when method_code not in ('STATCAN_Q', 'DE_NSDP') and not {{ reads_trend_alone('method_code') }} and d * (target - baseline) <= 0 then 'TARGET_AT_BASELINE'
                when method_code = 'STATCAN_N' and threshold_factor <= 0 then 'AT_NATURAL_LIMIT'
                when method_code = 'ESCAP_API' and points_between > 0 then 'FIGURES_BETWEEN'
                when method_code = 'DE_NSDP' and coalesce(trend_points, 0) < {{ convention('nsdp_least_points') }} then 'TOO_FEW_POINTS'
                when method_code = 'DE_NSDP' and d * (target - actual) <= 0 then 'TARGET_AT_FIGURE'
            end as undefined_because
        from grown
    ),

    projected as (
        select
            *,
            case
                when undefined_because is not null then null
                when method_code in ('LINEAR', 'ESCAP_API') then actual + (actual - baseline) / years_elapsed * (years_total - years_elapsed)
                when method_code in ('UNSD_2023', 'UNSD_2026') then actual * power(1 + growth_observed, years_total - years_elapsed)
                when method_code = 'DE_NSDP' then actual + trend_slope * (years_total - years_elapsed)
            end as projected
        from checked
    )

    select
        *,
        case
            when undefined_because is not null then null
            when method_code = 'LINEAR' then (actual - baseline) / (target - baseline)
            when method_code = 'STATCAN_Q' then growth_sign * d * growth_observed / abs(growth_required)
            when {{ reads_trend_alone('method_code') }} then growth_sign * d * growth_observed
            when method_code in ('UNSD_2023', 'UNSD_2026') then (projected - baseline) / (target - baseline)
            when method_code = 'ESCAP_CSI'
                then cast({{ convention('csi_full_score') }} as double) * least(1, d * (actual - baseline) / abs(target - baseline))
            when method_code = 'ESCAP_API' then (target - projected) / (target - baseline)
            when method_code = 'DE_NSDP' then (target - projected) / (target - actual)
        end as measure
    from projected
{%- endmacro %}

{% macro from_threshold(limit) -%}
    {#- How far a measure is from a threshold, rounded: what lies exactly on it does so in doubles too. -#}
    round(measures.measure - classes.{{ limit }} * measures.threshold_factor, cast({{ convention('progress_ratio_decimals') }} as integer))
{%- endmacro %}

{% macro progress_classes(measures) -%}
    {#- The class of each measure by the thresholds of the progress_classes seed, what it comes to in the verdicts' words, and
        its score, clipped. The German method calls the wrong direction, or none, a thunderstorm whatever the distance. -#}
    select
        measures.*,
        case when {{ is_thunderstorm() }} then 'THUNDERSTORM' else classes.class_code end as class_code,
        case when {{ is_thunderstorm() }} then 'REVERSING' else classes.verdict end as class_verdict,
        case when classes.score_slope is not null then cast(
            greatest(-{{ convention('progress_score_limit') }}, least(
                {{ convention('progress_score_limit') }}, classes.score_slope * measures.measure + classes.score_intercept
            )) as double)
        end as class_score
    from {{ measures }} as measures
    left join {{ ref('progress_classes') }} as classes
        on classes.method_code = measures.method_code
        and (classes.lower is null or {{ from_threshold('lower') }} > 0 or (classes.lower_is_included and {{ from_threshold('lower') }} = 0))
        and (classes.upper is null or {{ from_threshold('upper') }} < 0 or (classes.upper_is_included and {{ from_threshold('upper') }} = 0))
        and measures.measure is not null
{%- endmacro %}

{% macro is_thunderstorm() -%}
    {#- The German method's worst sign: a trend that stands still or goes the wrong way. -#}
    (measures.method_code = 'DE_NSDP' and measures.measure is not null and measures.d * measures.trend_slope <= 0)
{%- endmacro %}

{% macro class_of_mean(method, mean, all_are_reached) -%}
    {#- Class of the mean score over several series: Statistics Canada's method names one, by thresholds of its own (rows STATCAN_MEAN
        of progress_classes), and calls the whole achieved only if every part is (Open SDG progress methodology). -#}
    case
        when {{ method }} <> 'STATCAN_Q' or {{ mean }} is null then null
        when {{ all_are_reached }} then 'ACHIEVED'
        else (
            select max_by(classes.class_code, coalesce(classes.lower, '-inf'))
            from {{ ref('progress_classes') }} as classes
            where classes.method_code = 'STATCAN_MEAN'
                and coalesce(classes.lower, '-inf') <= round({{ mean }}, cast({{ convention('progress_ratio_decimals') }} as integer))
        )
    end
{%- endmacro %}
