-- What is known of each place of a programme, and of the commune, province and region around it.
with placed as (
    {%- for figure_of, column in [('PLACE', 'place'), ('COMMUNE', 'commune'), ('PROVINCE', 'province'), ('REGION', 'region')] %}
    select programme, programme_kind, place, '{{ figure_of }}' as figure_of, {{ column }} as ref_area
    from {{ ref('city_programmes') }}
    where {{ column }} is not null
    {% if not loop.last %}union all{% endif %}
    {%- endfor %}
),

-- Of a place every figure; of the territories around it the full years and censuses of those that the seed names.
figures as (
    select observations.*, wanted.definition is not null as is_wanted,
        row_number() over (series order by observations.period_end desc nulls last, observations.observation_id asc) as place_in_time,
        count(*) over series as figures_in_series
    from {{ ref('int_current_observations') }} as observations
    left join {{ ref('territory_figures') }} as wanted
        on wanted.definition = observations.definition and wanted.urbanisation = observations.urbanisation and wanted.breakdown = observations.breakdown
    where observations.has_value and observations.ref_area in (select placed.ref_area from placed) and (
        observations.freq_class = 'STOCK' or observations.ref_area in (select programmes.place from {{ ref('city_programmes') }} as programmes)
        or {{ is_one_year('observations.period_start', 'observations.period_end') }}
    )
    window series as (partition by observations.ref_area, observations.definition, observations.urbanisation, observations.breakdown)
),

final as (
    select
        {{ row_key(['placed.programme', 'placed.figure_of', 'figures.definition', 'figures.urbanisation', 'figures.breakdown', 'figures.period_key']) }} as row_key,
        placed.programme, placed.programme_kind, placed.place, placed.figure_of,
        placed.ref_area, areas.label_fr as area_label_fr, areas.label_ar as area_label_ar, areas.label_en as area_label_en,
        figures.indicator, indicators.label_fr as indicator_label_fr, indicators.label_ar as indicator_label_ar, indicators.label_en as indicator_label_en,
        figures.definition, figures.urbanisation, figures.breakdown, figures.period, figures.period_end,
        -- Of several without a date nobody can tell which is the last.
        figures.place_in_time = 1 and (figures.period_end is not null or figures.figures_in_series = 1) as is_latest,
        figures.value, figures.bound, figures.value_lower, figures.value_upper, figures.unit_measure, figures.obs_status,
        figures.publisher, figures.document, figures.observation_id
    from placed
    inner join figures
        on figures.ref_area = placed.ref_area
        and (placed.figure_of = 'PLACE' or figures.is_wanted)
    inner join {{ ref('areas') }} as areas on areas.ref_area = placed.ref_area
    inner join {{ ref('indicators') }} as indicators on indicators.indicator = figures.indicator
)

select * from final
