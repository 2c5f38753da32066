{{ config(materialized='incremental', incremental_strategy='append', on_schema_change='fail', pre_hook="{{ forget_touched() }}") }}
-- Most cells were stated once: the others only.
with counted as (
    select *, count(*) over (partition by cell_id, publisher) as vintages
    from {{ touched(ref('int_observation_vintages')) }}
    where known_until is null and is_exact
        and cell_id in (select cells.cell_id from {{ ref('int_current_observations') }} as cells where cells.statements > 1)
),

repeated as (
    select * from counted where vintages > 1
),

stated as (
    select
        repeated.cell_id, repeated.publisher, repeated.vintages, repeated.place, repeated.published_not_before, repeated.is_exact,
        statements.observation_id, statements.value, statements.decimals, statements.unit_mult, statements.document,
        statements.published_on, statements.recorded_at, statements.correction, statements.indicator, statements.definition,
        statements.ref_area, statements.urbanisation, statements.breakdown, statements.period, statements.period_start,
        statements.period_end, statements.unit_measure
    from repeated
    inner join {{ touched(ref('stg_observations')) }} as statements on statements.observation_id = repeated.observation_id
),

-- Nor does what repeats itself to the digit, every night perhaps, need to be held against itself.
differing as (
    select cell_id, publisher from stated group by cell_id, publisher having min(value) < max(value)
),

changed as (
    select distinct later.cell_id, later.publisher
    from differing
    inner join stated as earlier on earlier.cell_id = differing.cell_id and earlier.publisher = differing.publisher
    inner join stated as later on later.cell_id = earlier.cell_id and later.place < earlier.place
    where {{ is_revision('earlier', 'later') }}
),

ordered as (
    select
        stated.*,
        row_number() over (partition by stated.cell_id, stated.publisher order by stated.place asc) as from_last,
        row_number() over (partition by stated.cell_id, stated.publisher order by stated.place desc) as from_first
    from stated
    inner join changed on changed.cell_id = stated.cell_id and changed.publisher = stated.publisher
),

final as (
    select
        {{ row_key(['latest.cell_id', 'latest.publisher']) }} as row_key,
        latest.cell_id,
        latest.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        latest.definition, latest.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en,
        latest.urbanisation, latest.breakdown, latest.period, latest.period_start, latest.period_end, latest.publisher, latest.unit_measure,
        first_stated.value as first_value, latest.value as last_value, latest.value - first_stated.value as revision,
        {{ share('latest.value - first_stated.value', 'first_stated.value') }} as revision_share,
        {{ rounding_error('latest.decimals', 'latest.unit_mult') }} + {{ rounding_error('first_stated.decimals', 'first_stated.unit_mult') }}
        as revision_tolerance,
        case when latest.value > first_stated.value then 'UP' when latest.value < first_stated.value then 'DOWN' else 'BACK' end as direction,
        cast(latest.vintages as integer) as vintages,
        first_stated.document as first_document, first_stated.published_on as first_published_on, first_stated.recorded_at as first_recorded_at,
        latest.document as last_document, latest.published_on as last_published_on, latest.recorded_at as last_recorded_at,
        first_stated.correction as first_correction, latest.correction as last_correction,
        first_stated.observation_id as first_observation_id, latest.observation_id as last_observation_id
    from ordered as latest
    inner join ordered as first_stated
        on first_stated.cell_id = latest.cell_id and first_stated.publisher = latest.publisher and first_stated.from_first = 1
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = latest.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = latest.ref_area
    where latest.from_last = 1
)

select * from final
