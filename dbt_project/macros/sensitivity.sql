{% macro variance_shares(runs, levels, key) -%}
    {#- How much of the variance of an outcome each factor accounts for: first order V(E(y | x_i)) / V(y), alone, and total
        E(V(y | all but x_i)) / V(y), with all its interactions. The runs are every combination of the factors' levels, each
        once and equally likely, so that both are exact and nothing is drawn by chance. Sobol (1993); Saltelli et al. (2008).
        `runs` has the columns of `key`, run and outcome; `levels` has run, factor and level. Null where nothing varies. -#}
    with others as (
        select
            one.run, one.factor, one.level,
            {{ joined("coalesce(other.factor || '=' || other.level, '')") }} as other_levels
        from {{ levels }} as one
        left join {{ levels }} as other on other.run = one.run and other.factor <> one.factor
        group by one.run, one.factor, one.level
    ),

    spread as (
        select {{ key }}, {{ in_order('var_pop', 'outcome', 'run') }} as variance from {{ runs }} group by {{ key }}
    ),

    means as (
        select {{ key }}, factor, level, {{ in_order('avg', 'outcome', 'run') }} as mean
        from {{ runs }} inner join others using (run)
        group by {{ key }}, factor, level
    ),

    rests as (
        select {{ key }}, factor, other_levels, {{ in_order('var_pop', 'outcome', 'run') }} as variance
        from {{ runs }} inner join others using (run)
        group by {{ key }}, factor, other_levels
    ),

    first_orders as (
        select {{ key }}, factor, {{ in_order('var_pop', 'mean', 'level') }} as variance from means group by {{ key }}, factor
    ),

    totals as (
        select {{ key }}, factor, {{ in_order('avg', 'variance', 'other_levels') }} as variance from rests group by {{ key }}, factor
    )

    select
        {{ key }}, first_orders.factor,
        first_orders.variance / nullif(spread.variance, 0) as first_order, totals.variance / nullif(spread.variance, 0) as total_order
    from first_orders
    inner join totals using ({{ key }}, factor)
    inner join spread using ({{ key }})
{%- endmacro %}
