{% macro transformed(value, transform) -%}
    {#- A value as its goalposts are stated: itself, or its decimal logarithm. -#}
    case when {{ transform }} = 'LOG10' then log10(nullif(greatest({{ value }}, 0), 0)) else {{ value }} end
{%- endmacro %}

{% macro goalpost(value, low, high, direction) -%}
    {#- Goalpost normalisation, 0 to 1: (x - low) / (high - low), held between 0 and 1; with direction -1, 1 less that. Fixed
        bounds: a new year changes no old score. UNDP (1990); OECD/JRC Handbook (2008); COINr. -#}
    case when {{ direction }} = -1 then 1 - {{ held_share(value, low, high) }} else {{ held_share(value, low, high) }} end
{%- endmacro %}

{% macro held_share(value, low, high) -%}
    {#- least and greatest pass over nulls: a missing figure would have the lowest score. -#}
    case when {{ value }} is not null and {{ low }} is not null and {{ high }} is not null
        then least(greatest(cast({{ value }} - {{ low }} as double) / ({{ high }} - {{ low }}), 0), 1) end
{%- endmacro %}

{% macro distance_to_target(value, lowest, highest, target, direction, is_capped=false) -%}
    {#- Distance to target: (x - min) / (target - min); with direction -1, (max - x) / (max - target); capped, what is beyond the
        target is at it. COINr. -#}
    {%- set distance -%}
    case when {{ direction }} = -1 then cast({{ highest }} - {{ value }} as double) / nullif({{ highest }} - {{ target }}, 0)
        else cast({{ value }} - {{ lowest }} as double) / nullif({{ target }} - {{ lowest }}, 0) end
    {%- endset -%}
    {#- least passes over nulls: a missing figure would be at the target. -#}
    {% if is_capped %}case when {{ value }} is not null then least({{ distance }}, 1) end{% else %}{{ distance }}{% endif %}
{%- endmacro %}

{% macro weighted_arithmetic(score, weight) -%}
    {#- sum(w x) / sum(w) over a group; null when one score is. -#}
    case when count({{ score }}) = count(*) then {{ total_of(weight ~ ' * ' ~ score) }} / nullif({{ total_of(weight) }}, 0) end
{%- endmacro %}

{% macro weighted_geometric(score, weight) -%}
    {#- (prod x^w)^(1 / sum w) over a group; null when a score is missing, zero or negative: no epsilon. COINr; HDI. -#}
    case when count({{ score }}) = count(*) and min({{ score }}) > 0
        then exp({{ total_of(weight ~ ' * ln(nullif(greatest(' ~ score ~ ', 0), 0))') }} / nullif({{ total_of(weight) }}, 0)) end
{%- endmacro %}

{% macro weighted_harmonic(score, weight) -%}
    {#- sum(w) / sum(w / x) over a group; null as for the geometric mean. COINr. -#}
    case when count({{ score }}) = count(*) and min({{ score }}) > 0
        then {{ total_of(weight) }} / {{ total_of(weight ~ ' / nullif(' ~ score ~ ', 0)') }} end
{%- endmacro %}

{% macro normalised_scores(figures, key) -%}
    {#- `figures` with the columns of `key`, ref_area, figure (transformed), low, high and direction, one row per area and `key`
        (what is compared with each other) that has a figure: the scores of each under every normalisation, larger being better.
        MINMAX on the areas' own lowest and highest, ZSCORE with n - 1, BORDA the areas that are strictly worse. -#}
    select
        figures.*,
        {{ convention('index_base') }} * {{ goalpost('figure', 'low', 'high', 'direction') }} as goalpost,
        {{ convention('index_base') }} * {{ goalpost('figure', 'spread.lowest', 'nullif(spread.highest, spread.lowest)', 'direction') }} as minmax,
        direction * (figure - spread.mean) / nullif(spread.deviation, 0) as zscore,
        cast(rank() over (partition by {{ key }} order by direction * figure) - 1 as double) as borda
    from {{ figures }} as figures
    inner join (
        select
            {{ key }}, min(figure) as lowest, max(figure) as highest,
            {{ in_order('avg', 'figure', 'ref_area') }} as mean, {{ in_order('stddev_samp', 'figure', 'ref_area') }} as deviation
        from {{ figures }} as figures
        group by {{ key }}
    ) as spread using ({{ key }})
{%- endmacro %}

{% macro dominance(figures) -%}
    {#- For each ordered pair of areas, the weight of the components on which the first is at least as good, and on which it
        is strictly better, over the weight of all. The first dominates the second when the one is 1 and the other above
        0. The number of pairs is the square of the areas. Munda and Nardo (2009); COINr's outranking matrix. -#}
    select
        one.index_code, one.ref_area, other.ref_area as other_area,
        {{ total_of('case when one.direction * one.figure >= one.direction * other.figure then one.weight else 0 end') }}
        / {{ total_of('one.weight') }} as as_good_share,
        {{ total_of('case when one.direction * one.figure > one.direction * other.figure then one.weight else 0 end') }}
        / {{ total_of('one.weight') }} as better_share
    from {{ figures }} as one
    inner join {{ figures }} as other
        on other.index_code = one.index_code and other.component = one.component and other.ref_area <> one.ref_area
    group by one.index_code, one.ref_area, other.ref_area
{%- endmacro %}

{% macro numbers_below(count) -%}
    {{ return(adapter.dispatch('numbers_below', 'marsad')(count)) }}
{%- endmacro %}

{% macro default__numbers_below(count) -%}
    {#- One row for each whole number from 0 to count - 1. -#}
    unnest(range(cast({{ count }} as bigint)))
{%- endmacro %}

{% macro spark__numbers_below(count) -%}
    explode(sequence(0, cast({{ count }} as bigint) - 1))
{%- endmacro %}
