{% macro share_type() -%}
    {#- Shares and terms of sums: decimals, since sums of doubles differ from run to run. -#}
    decimal(38, 18)
{%- endmacro %}

{% macro disparity_shares(units, key) -%}
    {#- For each unit its share p of the weights and its share s of the values, s = w r / sum(w r). `units` has the columns of
        `key`, ref_area, rate and weight; weights all 1 give the unweighted measures. Both are scaled by their largest first,
        so that a measure does not depend on the unit of measurement. -#}
    select
        units.*,
        {{ scaled_weight() }} / nullif(sums.weights, 0) as p,
        {{ scaled_value() }} / nullif(sums.total, 0) as s
    from {{ units }} as units
    inner join ({{ largest(units, key) }}) as largest using ({{ key }})
    inner join (
        -- With a negative weight or value no share means anything: all of them are null, and so is every measure.
        select
            {{ key }},
            case when min(units.weight) >= 0 and min(units.rate) >= 0 then {{ total_of(scaled_weight()) }} end as weights,
            case when min(units.weight) >= 0 and min(units.rate) >= 0 then {{ total_of(scaled_value()) }} end as total
        from {{ units }} as units
        inner join ({{ largest(units, key) }}) as largest using ({{ key }})
        group by {{ key }}
    ) as sums using ({{ key }})
{%- endmacro %}

{% macro largest(units, key) -%}
    {#- The largest weight and rate of each group, by which the others are scaled. -#}
    select {{ key }}, nullif(max(weight), 0) as largest_weight, nullif(max(rate), 0) as largest_rate from {{ units }} group by {{ key }}
{%- endmacro %}

{% macro scaled_weight() -%}
    {#- A unit's weight over the largest of its group. -#}
    (units.weight / largest.largest_weight)
{%- endmacro %}

{% macro scaled_value() -%}
    {#- A unit's weight times its rate, each over the largest of its group. -#}
    ((units.weight / largest.largest_weight) * (units.rate / largest.largest_rate))
{%- endmacro %}

{% macro total_of(term) -%}
    {#- Sum of a term over the units of a group, the same in every run. -#}
    cast(sum(cast({{ term }} as {{ share_type() }})) as double)
{%- endmacro %}

{% macro gini() -%}
    {#- Gini coefficient, weighted: sum (s_i - p_i)(F_i + F_(i-1)), units ordered by rate, F cumulated p. It is 1 - sum p_i (L_i + L_(i-1))
        with the sums exchanged; with p = 1/n it is 2 sum(i x_i) / (n sum x) - (n+1)/n. Doersam (2004); REAT::gini. -#}
    {{ total_of('(s - p) * (2 * cumulated - p)') }}
{%- endmacro %}

{% macro theil_t() -%}
    {#- Theil's T: sum s_i ln(s_i/p_i); a unit whose rate is zero adds nothing, the limit of x ln x. Theil (1967). -#}
    {{ total_of('case when s > 0 then s * ln(s / p) else 0 end') }}
{%- endmacro %}

{% macro theil_l() -%}
    {#- Theil's L, the mean log deviation: sum p_i ln(p_i/s_i); undefined where a rate is zero, no epsilon. Theil (1967). -#}
    case when count(*) filter (where p > 0 and s <= 0) = 0 then {{ total_of('case when p > 0 and s > 0 then p * ln(p / s) else 0 end') }} end
{%- endmacro %}

{% macro coefficient_of_variation() -%}
    {#- Standard deviation of the rates around their weighted mean, over that mean: sqrt(sum p_i (r_i - mu)^2) / mu,
        r_i/mu being s_i/p_i. Williamson (1965). -#}
    sqrt({{ total_of('case when p > 0 then p * (s / p - 1) * (s / p - 1) else 0 end') }})
{%- endmacro %}

{% macro hoover() -%}
    {#- Share that would have to move for all rates to be equal: half of sum |s_i - p_i|. Hoover (1936). -#}
    {{ total_of('abs(s - p)') }} / 2
{%- endmacro %}

{% macro disparity_reason(key) -%}
    {#- Why no measure of a group is defined; null when all but those that need positive rates are. -#}
    case
        when count(rate) < count(*) or count(weight) < count(*) then 'MISSING_VALUE'
        when min(rate) < 0 or min(weight) < 0 then 'NEGATIVE_VALUE'
        when count(s) < count(*) then 'ZERO_TOTAL'
    end
{%- endmacro %}

{% macro disparity_measures(units, key) -%}
    {#- One row per group of `key`: its measures of disparity between units, and the reason where there is none. -#}
    select
        {{ key }}, count(*) as units,
        {{ disparity_reason(key) }} as undefined_because,
        min(rate) = 0 as has_zero,
        {{ gini() }} as gini,
        {{ theil_t() }} as theil_t,
        {{ theil_l() }} as theil_l,
        {{ coefficient_of_variation() }} as cv,
        {{ hoover() }} as hoover,
        max(rate) / nullif(min(rate), 0) as max_min_ratio
    from (
        select *, cast(sum(cast(p as {{ share_type() }})) over (
            partition by {{ key }} order by rate, ref_area rows between unbounded preceding and current row
        ) as double) as cumulated
        from ({{ disparity_shares(units, key) }}) as shares
    ) as cumulated_shares
    group by {{ key }}
{%- endmacro %}

{% macro theil_split(units, key, groups, unit, grouping, area_group) -%}
    {#- Theil's T and L between and within groups of units: T_B = sum S_g ln(S_g/P_g), T_W = sum S_g T_g; L the same with P_g as
        weights. Written as one sum over units, in which S_g and P_g are the group's sums of s and p. `groups` gives the
        `area_group` of each `unit` under each `grouping`. Theil (1967). -#}
    with shares as (
        {{ disparity_shares(units, key) }}
    ),

    members as (
        select {{ key }}, groups.{{ grouping }}, groups.{{ area_group }}, shares.rate, shares.weight, shares.p, shares.s
        from shares
        inner join {{ groups }} as groups using ({{ unit }})
    ),

    group_sums as (
        select
            {{ key }}, {{ grouping }}, {{ area_group }},
            {{ total_of('s') }} as group_s, {{ total_of('p') }} as group_p, count(*) as group_units
        from members
        group by {{ key }}, {{ grouping }}, {{ area_group }}
    )

    select
        {{ key }}, {{ grouping }}, count(*) as units,
        {{ disparity_reason(key) }} as undefined_because,
        min(rate) = 0 as has_zero,
        {{ total_of('case when s > 0 then s * ln(group_s / group_p) else 0 end') }} as theil_t_between,
        -- A group of one unit has nothing within it: exactly, and not but for what a logarithm leaves.
        {{ total_of('case when s > 0 and group_units > 1 then s * ln((s / p) / (group_s / group_p)) else 0 end') }} as theil_t_within,
        case when count(*) filter (where p > 0 and s <= 0) = 0
            then {{ total_of('case when p > 0 and s > 0 then p * ln(group_p / group_s) else 0 end') }} end as theil_l_between,
        case when count(*) filter (where p > 0 and s <= 0) = 0
            then {{ total_of('case when p > 0 and s > 0 and group_units > 1 then p * ln((p / s) / (group_p / group_s)) else 0 end') }} end as theil_l_within
    from members
    inner join group_sums using ({{ key }}, {{ grouping }}, {{ area_group }})
    group by {{ key }}, {{ grouping }}
{%- endmacro %}

{% macro measure_rows(measured, key, measures) -%}
    {#- Measures side by side as one row each, with the reason where one is undefined. `measures` are pairs of code and
        column, in the order of the code list DISPARITY_MEASURE. -#}
    {%- for code, column in measures %}
    select
        {{ key }}, '{{ code }}' as measure_code,
        case when undefined_because is null then {{ column }} end as value,
        case when {{ column }} is null or undefined_because is not null then coalesce(undefined_because, case when has_zero then 'ZERO_VALUE' end) end as undefined_because
    from {{ measured }}
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{% macro disparity_codes() -%}
    {#- Code of each measure between units (code list DISPARITY_MEASURE) and the column that has it. -#}
    {{ return([
        ('GINI', 'gini'), ('THEIL_T', 'theil_t'), ('THEIL_L', 'theil_l'), ('CV', 'cv'), ('HOOVER', 'hoover'), ('MAX_MIN', 'max_min_ratio'),
    ]) }}
{%- endmacro %}

{% macro theil_split_codes() -%}
    {#- The same of the split between and within groups (code list DISPARITY_SPLIT). -#}
    {{ return([
        ('THEIL_T_BETWEEN', 'theil_t_between'), ('THEIL_T_WITHIN', 'theil_t_within'),
        ('THEIL_L_BETWEEN', 'theil_l_between'), ('THEIL_L_WITHIN', 'theil_l_within'),
    ]) }}
{%- endmacro %}
