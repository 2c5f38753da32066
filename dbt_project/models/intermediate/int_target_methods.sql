-- Each target measured and classified by every method, at the worst and at the best end of what its statements allow.
with verdicts as (
    select * from {{ ref('int_target_verdicts') }} where known_as_of = 'NOW'
),

ends as (
    {%- for end in ['worst', 'best'] %}
    select
        verdicts.target_id, '{{ end | upper }}' as at_end, verdicts.direction, verdicts.ceiling as natural_limit,
        cast(verdicts.{{ end }}_baseline as double) as baseline, cast(verdicts.{{ end }}_actual as double) as actual,
        cast(verdicts.{{ 'hardest' if end == 'worst' else 'easiest' }}_target as double) as target,
        cast(verdicts.months_elapsed as double) / 12 as years_elapsed, cast(verdicts.months_total as double) / 12 as years_total,
        {{ "verdicts.met_state = 'MET'" if end == 'worst' else "verdicts.met_state <> 'UNMET'" }} as is_met,
        verdicts.{{ end }}_verdict as linear_verdict,
        nullif(verdicts.pace, 'PACED') as unpaced_because, trends.points_between, trends.trend_points, trends.trend_slope,
        coalesce(trends.has_break, false) as has_break
    from verdicts
    left join {{ ref('int_target_trends') }} as trends on trends.target_id = verdicts.target_id
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

measures as (
    {{ progress_measures('ends') }}
),

classes as (
    {{ progress_classes('measures') }}
),

judged as (
    select
        target_id, method_code, at_end, target, measure, projected, undefined_because, class_code,
        -- A target that is reached has the highest score, where reaching it is a class of its own.
        case when is_met and method_code = 'STATCAN_Q' then cast({{ convention('progress_score_limit') }} as double) else class_score end as class_score,
        case
            when method_code = 'LINEAR' then linear_verdict
            when is_met then 'ACHIEVED'
            when undefined_because in ('NO_BASELINE', 'NO_DUE_DATE') then undefined_because
            when unpaced_because is not null then linear_verdict
            -- A movement is no answer to a promise that states a number, whatever its class.
            when {{ reads_trend_alone('method_code') }} and target is not null then null
            else class_verdict
        end as method_verdict
    from classes
),

final as (
    select
        target_id, method_code,
        {%- for end in ['worst', 'best'] %}
        {%- for column in ['measure', 'projected', 'class_code', 'class_score', 'method_verdict'] %}
        max({{ column }}) filter (where at_end = '{{ end | upper }}') as {{ end }}_{{ column }},
        {%- endfor %}
        {%- endfor %}
        coalesce(
            max(undefined_because) filter (where at_end = 'WORST'), max(undefined_because) filter (where at_end = 'BEST'),
            case
                when method_code = 'ESCAP_CSI' then 'NO_CLASSES'
                when method_code = 'ESCAP_API' then 'CUT_OFF_UNVERIFIED'
                when {{ reads_trend_alone('method_code') }} and max(target) is not null then 'TREND_ALONE'
            end
        ) as unclassified_because
    from judged
    group by target_id, method_code
)

select * from final
