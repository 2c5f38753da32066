-- Company creations by period, from printed figures and from the differences of cumulated ones, before regions are
-- compared with the country.
with areas as (
    select * from {{ ref('areas') }} where level in ('region', 'country')
),

statements as (
    select * from {{ ref('stg_observations') }}
    where indicator = 'company_creations' and urbanisation = '_T' and period_end is not null
),

-- Cumulated figures inside of which another one ends.
divided as (
    select distinct later_observation_id from {{ ref('int_cumulated_differences') }}
),

-- Cells that their publisher has stated in two ways: a difference with one of them mixes the states of two times.
revised as (
    select cell_id, publisher from statements
    where has_value
    group by cell_id, publisher
    having count(distinct value) > 1
),

printed as (
    select
        statements.definition, statements.ref_area, statements.breakdown, statements.period, statements.period_start, statements.period_end,
        statements.publisher, 'AS_PRINTED' as method,
        divided.later_observation_id is null as is_finest, revised.cell_id is not null as is_revised, statements.value, statements.bound,
        statements.value_lower, statements.value_upper, statements.unit_measure, statements.obs_status,
        statements.observation_id, statements.document, statements.period_key,
        cast(null as varchar) as subtracted_observation_id, cast(null as varchar) as subtracted_document, cast(null as varchar) as subtracted_period_key,
        cast(null as {{ amount() }}) as minuend, cast(null as {{ amount() }}) as subtrahend
    from statements
    inner join {{ ref('int_latest_vintages') }} as vintages on vintages.observation_id = statements.observation_id
    left join divided on divided.later_observation_id = statements.observation_id
    left join revised on revised.cell_id = statements.cell_id and revised.publisher = statements.publisher
),

subtracted as (
    select
        differences.definition, differences.ref_area, differences.breakdown, differences.period, differences.period_start, differences.period_end,
        differences.publisher, 'BY_SUBTRACTION' as method, differences.are_neighbours as is_finest,
        later_revised.cell_id is not null or earlier_revised.cell_id is not null as is_revised,
        case when not differences.falls then differences.difference end as value, 'EQ' as bound,
        case when not differences.falls then differences.difference end as value_lower,
        case when not differences.falls then differences.difference end as value_upper,
        differences.unit_measure,
        case
            when differences.falls then 'O'
            else {{ weakest_status('differences.later_status', 'differences.earlier_status') }}
        end as obs_status,
        differences.later_observation_id as observation_id, differences.later_document as document, differences.later_period_key as period_key,
        differences.earlier_observation_id as subtracted_observation_id, differences.earlier_document as subtracted_document,
        differences.earlier_period_key as subtracted_period_key, differences.later_value as minuend, differences.earlier_value as subtrahend
    from {{ ref('int_cumulated_differences') }} as differences
    left join revised as later_revised
        on later_revised.cell_id = differences.later_cell_id and later_revised.publisher = differences.publisher
    left join revised as earlier_revised
        on earlier_revised.cell_id = differences.earlier_cell_id and earlier_revised.publisher = differences.publisher
    where differences.indicator = 'company_creations' and differences.urbanisation = '_T'
),

listed as (
    select * from printed
    union all
    select * from subtracted
),

periods as (
    select *, {{ mixes_vintages('is_revised', 'definition, ref_area, period_start, period_end, publisher, method') }} as mixes_vintages
    from listed
),

-- National totals as each document prints them: a region's figure is checked against the total of its own document, since
-- the total that is current now may have been revised after the regions were printed.
totals as (
    select definition, breakdown, publisher, document, period_key, value as total, observation_id as total_observation_id
    from (
        select
            *,
            row_number() over (partition by definition, breakdown, publisher, document, period_key order by value, observation_id) as place
        from statements
        where ref_area = 'MA' and is_exact
    ) as numbered
    where place = 1
),

currents as (
    select observation_id from {{ ref('int_current_observations') }} where indicator = 'company_creations'
),

final as (
    select
        periods.*, areas.level, areas.geo_version,
        current_value.observation_id is not null
        and (periods.method = 'AS_PRINTED' or current_subtracted.observation_id is not null) as is_current,
        case
            when periods.method = 'AS_PRINTED' then totals.total
            else totals.total - subtracted_totals.total
        end as total_of_same_documents,
        totals.total_observation_id, subtracted_totals.total_observation_id as total_subtracted_observation_id
    from periods
    inner join areas on areas.ref_area = periods.ref_area
    left join currents as current_value on current_value.observation_id = periods.observation_id
    left join currents as current_subtracted on current_subtracted.observation_id = periods.subtracted_observation_id
    left join totals
        on totals.definition = periods.definition and totals.breakdown = periods.breakdown and totals.publisher = periods.publisher
        and totals.document = periods.document and totals.period_key = periods.period_key
    left join totals as subtracted_totals
        on subtracted_totals.definition = periods.definition and subtracted_totals.breakdown = periods.breakdown
        and subtracted_totals.publisher = periods.publisher
        and subtracted_totals.document = periods.subtracted_document and subtracted_totals.period_key = periods.subtracted_period_key
)

select * from final
