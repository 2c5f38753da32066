-- Every worked example of progress through the macros of the methods: growth, measures, projections, classes and scores.
with measures as (
    {{ progress_measures(ref('progress_cases')) }}
),

classes as (
    {{ progress_classes('measures') }}
),

final as (
    {%- for quantity in ['growth_observed', 'growth_required', 'measure', 'projected', 'class_score', 'threshold_factor'] %}
    select example, method_code, '{{ quantity }}' as quantity, cast({{ quantity }} as double) as value, null as said from classes
    union all
    {%- endfor %}
    select example, method_code, 'elapsed_share' as quantity, {{ share('years_elapsed', 'years_total') }} as value, null as said from classes
    union all
    select example, method_code, 'required_pace' as quantity, {{ share('target - baseline', 'years_total') }} as value, null as said from classes
    {%- for quantity in ['class_code', 'undefined_because'] %}
    union all
    select example, method_code, '{{ quantity }}' as quantity, null as value, {{ quantity }} as said from classes
    {%- endfor %}
)

select * from final
