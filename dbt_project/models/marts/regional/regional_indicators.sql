with cells as (
    select * from {{ ref('int_regional_cells') }}
),

measured as (
    select
        cells.*,
        indicators.aggregation = 'SUM' as is_sum,
        indicators.per_head as is_per_head,
        indicators.direction, indicators.denominator as whole_indicator,
        cells.regions_exact = cells.regions_expected as is_complete,
        -- The sum of the regions is of their own vintage; the published national figure may have been revised since.
        case
            when indicators.aggregation = 'SUM' and cells.regions_exact = cells.regions_expected then cells.regions_sum
            else cells.national_value
        end as country_value,
        case
            when indicators.aggregation = 'SUM' and cells.regions_exact = cells.regions_expected then 'SUM_OF_REGIONS'
            when cells.national_value is not null then 'PUBLISHED_NATIONAL'
        end as country_basis,
        wholes.value as whole, wholes.observation_id as whole_observation_id,
        wholes.national_value as country_whole, wholes.national_observation_id as country_whole_observation_id
    from cells
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = cells.indicator
    left join cells as wholes
        on wholes.indicator = indicators.denominator and indicators.aggregation = 'SUM'
        and wholes.ref_area = cells.ref_area and wholes.period_key = cells.period_key
        and wholes.urbanisation = cells.urbanisation and wholes.breakdown = cells.breakdown
),

compared as (
    select
        measured.*, heads.per_1000,
        {{ per_head('measured.country_value', 'heads.country_population') }} as country_per_1000,
        case when measured.is_sum and measured.is_exact and measured.regions_unreliable = 0 then {{ share('measured.value', 'measured.country_value') }} end as share_of_country,
        case when measured.is_exact then
            {{ location_quotient('measured.value', 'measured.whole', 'measured.country_value', 'measured.country_whole') }}
        end as location_quotient
    from measured
    left join {{ ref('int_regional_per_head') }} as heads using (definition, ref_area, urbanisation, breakdown, period_key)
),

ranked as (
    select
        *,
        case when is_complete and regions_unreliable = 0 then rank() over (
            partition by definition, urbanisation, breakdown, period_key order by {{ best_first('value', 'direction') }}
        ) end as rank_value,
        case when is_complete and regions_unreliable = 0 and per_1000 is not null then rank() over (
            partition by definition, urbanisation, breakdown, period_key order by {{ best_first('per_1000', 'direction') }}
        ) end as rank_per_1000,
        case
            when not is_exact then null
            when is_per_head then {{ index_to('per_1000', 'country_per_1000') }}
            when not is_sum and unit_measure <> 'RANK' then {{ index_to('value', 'national_value') }}
        end as index_to_national
    from compared
),

final as (
    select
        {{ row_key(['ranked.definition', 'ranked.ref_area', 'ranked.urbanisation', 'ranked.breakdown', 'ranked.period_key']) }} as row_key,
        ranked.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        indicators.domain, ranked.definition,
        ranked.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en, ranked.geo_version,
        ranked.urbanisation, ranked.breakdown, ranked.period, ranked.period_start, ranked.period_end,
        ranked.value, ranked.unit_measure, ranked.bound, ranked.value_lower, ranked.value_upper, ranked.tolerance,
        case when ranked.has_value then 'REPORTED' else 'NOT_REPORTED' end as status, ranked.obs_status, ranked.flow,
        cast(ranked.regions_reporting as integer) as regions_reporting, cast(ranked.regions_expected as integer) as regions_expected,
        ranked.per_1000, heads.population, heads.population_on, heads.population_document, heads.population_gap_years as gap_years,
        {%- for side in ['before', 'after'] %}
        heads.per_1000_census_{{ side }}, heads.population_{{ side }}_on as census_{{ side }}_on,
        heads.population_{{ side }} as census_{{ side }}_population,
        {%- endfor %}
        heads.per_1000_households, heads.households, heads.households_on, heads.households_document, heads.households_gap_years,
        {%- for side in ['before', 'after'] %}
        heads.per_1000_households_census_{{ side }}, heads.households_{{ side }}_on, heads.households_{{ side }},
        {%- endfor %}
        changes.previous_census_on, changes.previous_census_gap_years, changes.previous_census_value,
        changes.change_since_census, changes.growth_since_census,
        ranked.national_value, case when ranked.is_sum and ranked.is_complete then ranked.regions_sum end as regions_sum,
        case when ranked.is_sum and ranked.is_complete then ranked.national_value - ranked.regions_sum end as national_difference,
        ranked.country_basis, ranked.share_of_country,
        cast(ranked.rank_value as integer) as rank_value, cast(ranked.rank_per_1000 as integer) as rank_per_1000,
        ranked.index_to_national, ranked.location_quotient,
        {{ reasons([
            ("value", "not ranked.has_value", "'no figure of this region was read'"),
            ("per_1000", "ranked.per_1000 is null and ranked.is_per_head and ranked.has_value", "'no census population for this area and period'"),
            ("per_1000", "not ranked.is_per_head", "'not a count that per-head figures are made of'"),
            ("per_1000_households", "heads.per_1000_households is null and ranked.is_per_head and ranked.has_value", "'no census households for this area and period'"),
            ("change_since_census", "changes.change_since_census is null", "coalesce(changes.no_change_because, 'not a figure of a census')"),
            ("growth_since_census", "changes.change_since_census is not null and not changes.additive", "'a rate, rank or index: the change is in points'"),
            ("growth_since_census", "changes.change_since_census is not null and changes.additive and changes.growth_since_census is null", "'the figure of the census before is zero'"),
            ("share_of_country", "not ranked.is_sum", "'the indicator does not add up'"),
            ("share_of_country", "ranked.is_sum and ranked.regions_unreliable > 0", "'figures of low reliability (status U) are not compared'"),
            ("share_of_country", "ranked.is_sum and ranked.has_value and ranked.regions_unreliable = 0 and ranked.share_of_country is null", "'no exact value of the region or of the country'"),
            ("index_to_national", "ranked.has_value and ranked.unit_measure = 'RANK'", "'a rank is an order'"),
            ("index_to_national", "ranked.has_value and ranked.is_sum and not ranked.is_per_head", "'not a count that per-head figures are made of'"),
            ("index_to_national", "ranked.has_value and ranked.unit_measure <> 'RANK' and (ranked.is_per_head or not ranked.is_sum) and ranked.index_to_national is null", "'no exact value of the region or of the country, or no population'"),
            ("location_quotient", "ranked.has_value and (not ranked.is_sum or ranked.whole_indicator is null)", "'not a count with a declared whole'"),
            ("location_quotient", "ranked.has_value and ranked.is_sum and ranked.whole_indicator is not null and ranked.location_quotient is null", "'no exact value of the count or of its whole, for the region or the country'"),
            ("rank", "not ranked.is_complete", "ranked.regions_exact || ' of ' || ranked.regions_expected || ' regions have an exact value'"),
            ("rank", "ranked.is_complete and ranked.regions_unreliable > 0", "'figures of low reliability (status U) are not compared'"),
        ]) }} as undefined_because,
        ranked.dataset, ranked.publisher, ranked.document, ranked.correction, ranked.decided_by, cast(ranked.statements as integer) as statements,
        ranked.cell_id, ranked.observation_id, ranked.national_observation_id, heads.population_observation_id,
        heads.population_before_observation_id as census_before_observation_id, heads.population_after_observation_id as census_after_observation_id,
        heads.country_population_observation_id, heads.households_observation_id,
        heads.households_before_observation_id, heads.households_after_observation_id, changes.previous_census_observation_id,
        case when ranked.location_quotient is not null then ranked.whole_observation_id end as whole_observation_id,
        case when ranked.location_quotient is not null then ranked.country_whole_observation_id end as country_whole_observation_id,
        {{ row_key(['ranked.definition', "'region'", 'ranked.urbanisation', 'ranked.breakdown', 'ranked.period_key']) }} as series_key
    from ranked
    left join {{ ref('int_regional_per_head') }} as heads using (definition, ref_area, urbanisation, breakdown, period_key)
    left join {{ ref('int_census_changes') }} as changes using (definition, ref_area, urbanisation, breakdown, period_key)
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = ranked.indicator
    inner join {{ ref('areas') }} as areas on areas.ref_area = ranked.ref_area
)

select * from final
