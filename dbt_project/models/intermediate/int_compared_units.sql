{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_touched('series') }}") }}
-- Every area with the figure by which areas of its level are compared, and what it weighs: the parts of every measure of
-- disparity, convergence and composition. Each level covers the country once.
with cells as (
    select
        *,
        -- The months that a period covers within its year: figures of other months are another season.
        case when freq_class = 'FLOW' then {{ month_day('period_start') }} || '/' else '' end || {{ month_day('period_end') }}
        || '/' || cast(extract(year from period_end) - coalesce(extract(year from period_start), extract(year from period_end)) as varchar) as season
    from {{ touched(ref('int_reconciliation_cells'), 'series') }}
    where unit_measure <> 'RANK' and unit_level is not null
),

units as (
    select
        count(*) filter (where level = 'region') as region, count(*) filter (where in_province_sums) as province,
        count(*) filter (where in_commune_sums) as commune
    from {{ ref('areas') }}
),

-- A commune that a publisher lists without a figure: its kind says of which part it is missing, and its province with it.
without_figure as (
    select distinct
        absent.ref_area, areas.province, case absent.area_type when 'rural_commune' then 'R' else 'U' end as urbanisation, absent.period_end
    from {{ ref('int_reconciliation_cells') }} as absent
    inner join {{ ref('areas') }} as areas on areas.ref_area = absent.ref_area
    where absent.urbanisation = '_T' and not absent.has_value and absent.unit_level = 'commune'
        and absent.area_type in ('urban_commune', 'arrondissement', 'rural_commune')
),

parts_of_units as (
    select unit_level, urbanisation, period_end, ref_area
    from {{ ref('int_reconciliation_cells') }}
    where urbanisation <> '_T' and unit_measure <> 'RANK' and unit_level is not null
    union
    select 'commune' as unit_level, urbanisation, period_end, ref_area from without_figure
    union
    select 'province' as unit_level, urbanisation, period_end, province as ref_area from without_figure
),

-- A unit that has no urban (or no rural) part is not missing from the urban (rural) figures.
existing as (
    select unit_level, urbanisation, period_end, count(*) as units_existing
    from parts_of_units
    group by unit_level, urbanisation, period_end
),

final as (
    select
        {{ row_key(['cells.definition', 'cells.unit_level', 'cells.urbanisation', 'cells.breakdown', 'cells.period_key']) }} as series_key,
        cells.unit_level, cells.ref_area, cells.region, cells.geo_version, cells.indicator, cells.definition, cells.urbanisation, cells.breakdown,
        cells.freq_class, cells.season, cells.period, cells.period_key, cells.period_start, cells.period_end, cells.unit_measure,
        case
            when cells.aggregation = 'SUM' and cells.per_head then 'PER_HEAD'
            when cells.aggregation = 'RATIO' then 'RATE'
            else 'VALUE'
        end as basis,
        cells.value, cells.is_exact, cells.obs_status,
        case
            -- Of low reliability by its own document: shown, and compared with nothing.
            when not cells.is_exact or cells.obs_status = 'U' then null
            when cells.aggregation = 'SUM' and cells.per_head then {{ per_head('cells.value', 'population.population') }}
            else cast(cells.value as double)
        end as rate,
        case
            when cells.aggregation = 'SUM' and cells.per_head then population.population
            when cells.aggregation = 'RATIO' then cells.weight
        end as weight,
        case
            when cells.aggregation = 'SUM' and cells.per_head then {{ convention_text('per_head_population_indicator') }}
            when cells.aggregation = 'RATIO' then cells.denominator
        end as weight_indicator,
        case when cells.aggregation = 'SUM' and cells.per_head then population.population_on else cells.period_end end as weight_on,
        case
            when cells.aggregation = 'SUM' and cells.per_head then population.population_observation_id
            when cells.aggregation = 'RATIO' then cells.weight_observation_id
        end as weight_observation_id,
        case
            when cells.urbanisation <> '_T' then existing.units_existing
            when cells.unit_level = 'region' then units.region
            when cells.unit_level = 'province' then units.province
            else units.commune
        end as units_expected,
        cells.observation_id
    from cells
    cross join units
    left join existing
        on existing.unit_level = cells.unit_level and existing.urbanisation = cells.urbanisation and existing.period_end = cells.period_end
    left join {{ ref('int_population_denominators') }} as population
        on population.ref_area = cells.ref_area and population.urbanisation = cells.urbanisation
        and population.period_end = cells.period_end and cells.per_head
)

select * from final
