{% macro aggregate_of(aggregation, value, weight) -%}
    {#- What a group of parts comes to: counts by their sum; rates by their own denominators, R = sum(d r) / sum(d), which is
        sum(n) / sum(d) since n = d r. Null where a part that has a rate has no denominator. -#}
    case
        when {{ aggregation }} = 'SUM' then sum({{ value }})
        when count({{ value }}) = count(case when {{ value }} is not null then {{ weight }} end)
            then cast({{ share(
                'sum(cast(' ~ value ~ ' * cast(' ~ weight ~ ' as decimal(18, 0)) as ' ~ amount() ~ '))',
                'sum(case when ' ~ value ~ ' is not null then ' ~ weight ~ ' end)') }} as {{ amount() }})
    end
{%- endmacro %}

{% macro coverage_of(aggregation, value, weight) -%}
    {#- How much of the whole the parts with a value hold: of rates, their share of the denominator, unknown where a part's
        is; of counts, their share of the number of parts. -#}
    case
        when {{ aggregation }} = 'SUM' then {{ share('count(' ~ value ~ ')', 'count(*)') }}
        when count({{ weight }}) = count(*) then {{ share('coalesce(sum(case when ' ~ value ~ ' is not null then ' ~ weight ~ ' end), 0)', 'sum(' ~ weight ~ ')') }}
    end
{%- endmacro %}
