{% macro in_order(aggregate, term, order) -%}
    {{ return(adapter.dispatch('in_order', 'marsad')(aggregate, term, order)) }}
{%- endmacro %}

{% macro default__in_order(aggregate, term, order) -%}
    {#- An aggregate of doubles over its rows in one order, so that it is the same in every run. -#}
    {{ aggregate }}({{ term }} order by {{ order }})
{%- endmacro %}

{% macro spark__in_order(aggregate, term, order) -%}
    {{ aggregate }}({{ term }})
{%- endmacro %}

{% macro sigma_of_logs(value) -%}
    {#- Sigma convergence: standard deviation of ln y over the units, divisor n. Barro and Sala-i-Martin (1992). -#}
    case when min({{ value }}) > 0 then {{ in_order('stddev_pop', 'ln(nullif(greatest(' ~ value ~ ', 0), 0))', 'ref_area') }} end
{%- endmacro %}

{% macro sigma_cv(value) -%}
    {#- The same as a coefficient of variation: standard deviation over mean, divisor n. -#}
    {{ in_order('stddev_pop', value, 'ref_area') }} / nullif({{ in_order('avg', value, 'ref_area') }}, 0)
{%- endmacro %}

{% macro beta_regression(estimate, before, after, years) -%}
    {#- An estimate of the least-squares line (1/T) ln(y_T/y_0) = a + b ln y_0: regr_slope (b: the poorer grow faster where it is
        negative), regr_intercept (a) or regr_r2. Undefined where a logarithm is, where all start equal, and under three
        units, since a line through two points always fits. Barro and Sala-i-Martin (1992). -#}
    case
        when count(*) > 2 and min({{ before }}) > 0 and min({{ after }}) > 0 and min({{ before }}) < max({{ before }})
            then {{ in_order(
                estimate,
                'ln(nullif(greatest(' ~ after ~ ', 0), 0) / nullif(greatest(' ~ before ~ ', 0), 0)) / ' ~ years
                ~ ', ln(nullif(greatest(' ~ before ~ ', 0), 0))',
                'ref_area') }}
    end
{%- endmacro %}

{% macro convergence_speed(slope, years) -%}
    {#- Yearly speed lambda = -ln(1 + b T) / T; undefined where the slope is so steep that the order of units turns round. -#}
    case when 1 + {{ slope }} * {{ years }} > 0 then -ln(1 + {{ slope }} * {{ years }}) / {{ years }} end
{%- endmacro %}

{% macro half_life(speed) -%}
    {#- Years until half of a gap has closed: ln 2 / lambda; only where units converge. -#}
    case when {{ speed }} > 0 then ln(2) / {{ speed }} end
{%- endmacro %}

{% macro delta_distance(value) -%}
    {#- Delta convergence: sum of every unit's distance to the best, sum(max - y_i). Eurofound (2018), convergEU. -#}
    count(*) * max({{ value }}) - {{ in_order('sum', value, 'ref_area') }}
{%- endmacro %}
