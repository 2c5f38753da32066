{% macro calendar_months(day) -%}
    {{ return(adapter.dispatch('calendar_months', 'marsad')(day)) }}
{%- endmacro %}

{% macro default__calendar_months(day) -%}
    {#- A date as months since year 0; ends of months are whole numbers, so a year between two of them is exactly 12. -#}
    cast(
        12 * extract(year from {{ day }}) + extract(month from {{ day }})
        - 1 + extract(day from {{ day }}) / extract(day from last_day({{ day }}))
    as decimal(18, 6))
{%- endmacro %}

{% macro years_between(first_day, last_day) -%}
    {#- Years from one date to a later one, negative when it is earlier. -#}
    (cast({{ calendar_months(last_day) }} - {{ calendar_months(first_day) }} as double) / 12)
{%- endmacro %}

{% macro period_code(freq_class, period_start, period_end) -%}
    {{ return(adapter.dispatch('period_code', 'marsad')(freq_class, period_start, period_end)) }}
{%- endmacro %}

{% macro default__period_code(freq_class, period_start, period_end) -%}
    {#- The one way a cell's period is written, whatever way its statements print it:
        2024, 2024-09 or 2024-09-25 for a stock; 2024, 2024-Q3, 2024-09, 2024-01/2024-06, 2009/2013 or ../2025-12 for a flow. -#}
    case
        when {{ period_end }} is null then 'undated'
        when {{ freq_class }} = 'STOCK' then {{ day_code(period_end, true) }}
        when {{ period_start }} is null then '../' || {{ day_code(period_end, false) }}
        when {{ month_day(period_start) }} = '01-01' and {{ month_day(period_end) }} = '12-31'
            then case
                when extract(year from {{ period_start }}) = extract(year from {{ period_end }})
                    then cast(extract(year from {{ period_end }}) as varchar)
                else cast(extract(year from {{ period_start }}) as varchar) || '/' || cast(extract(year from {{ period_end }}) as varchar)
            end
        when extract(day from {{ period_start }}) <> 1 or {{ period_end }} <> last_day({{ period_end }})
            then cast({{ period_start }} as varchar) || '/' || cast({{ period_end }} as varchar)
        when {{ month_code(period_start) }} = {{ month_code(period_end) }} then {{ month_code(period_end) }}
        when extract(year from {{ period_start }}) = extract(year from {{ period_end }})
            and extract(month from {{ period_start }}) in (1, 4, 7, 10)
            and extract(month from {{ period_end }}) = extract(month from {{ period_start }}) + 2
            then cast(extract(year from {{ period_end }}) as varchar) || '-Q' || cast(extract(quarter from {{ period_end }}) as varchar)
        else {{ month_code(period_start) }} || '/' || {{ month_code(period_end) }}
    end
{%- endmacro %}

{% macro is_one_year(period_start, period_end) -%}
    {#- Whether a period is one calendar year, whole and alone. -#}
    ({{ month_day(period_start) }} = '01-01' and {{ month_day(period_end) }} = '12-31'
        and extract(year from {{ period_start }}) = extract(year from {{ period_end }}))
{%- endmacro %}

{% macro day_code(day, year_alone) -%}
    {#- A date at the precision that its place in the calendar shows: end of year (if asked), end of month, or day. -#}
    case
        {% if year_alone -%}
        when {{ month_day(day) }} = '12-31' then cast(extract(year from {{ day }}) as varchar)
        {% endif -%}
        when {{ day }} = last_day({{ day }}) then {{ month_code(day) }}
        else cast({{ day }} as varchar)
    end
{%- endmacro %}

{% macro month_code(day) -%}
    {#- YYYY-MM; a date is written YYYY-MM-DD when cast to text, here and in Spark. -#}
    substring(cast({{ day }} as varchar), 1, 7)
{%- endmacro %}

{% macro month_day(day) -%}
    {#- MM-DD -#}
    substring(cast({{ day }} as varchar), 6, 5)
{%- endmacro %}

{% macro date_from_year(year, month_day) -%}
    {#- The given month and day of a year, as a date. -#}
    cast(cast({{ year }} as varchar) || '-{{ month_day }}' as date)
{%- endmacro %}

{% macro days_after(day, days) -%}
    {{ return(adapter.dispatch('days_after', 'marsad')(day, days)) }}
{%- endmacro %}

{% macro default__days_after(day, days) -%}
    {#- The date so many days later. -#}
    cast({{ day }} + {{ days }} as date)
{%- endmacro %}

{% macro spark__days_after(day, days) -%}
    date_add({{ day }}, {{ days }})
{%- endmacro %}

{% macro evaluation_date() -%}
    {#- The day up to which targets are judged: when the newest release was recorded here. Never the wall clock, so that
        the same inputs give the same warehouse. -#}
    (select cast(max(recorded_at) as date) from {{ ref('stg_releases') }})
{%- endmacro %}
