with programmes as (
    select * from {{ ref('place_programmes') }}
),

figures as (
    select ref_area, count(*) as figures from {{ ref('int_current_observations') }} where has_value group by ref_area
),

promised as (
    select ref_area, count(*) as targets from {{ ref('stg_targets') }} group by ref_area
),

final as (
    select
        programmes.programme, programmes.programme_kind,
        kinds.label_fr as kind_label_fr, kinds.label_ar as kind_label_ar, kinds.label_en as kind_label_en,
        programmes.place, places.label_fr as place_label_fr, places.label_ar as place_label_ar, places.label_en as place_label_en, places.area_type as place_type,
        programmes.strategy, strategies.label_fr as strategy_label_fr, strategies.label_ar as strategy_label_ar, strategies.label_en as strategy_label_en,
        programmes.event_id, events.time_period as event_period, events.title_fr as event_title_fr, events.title_ar as event_title_ar, events.title_en as event_title_en,
        events.publisher as event_publisher, events.document as event_document,
        programmes.commune, communes.label_fr as commune_label_fr, communes.label_ar as commune_label_ar, communes.label_en as commune_label_en,
        programmes.commune_note,
        places.province, provinces.label_fr as province_label_fr, provinces.label_ar as province_label_ar, provinces.label_en as province_label_en,
        places.region, regions.label_fr as region_label_fr, regions.label_ar as region_label_ar, regions.label_en as region_label_en,
        cast(coalesce(figures.figures, 0) as integer) as figures, cast(coalesce(promised.targets, 0) as integer) as targets
    from programmes
    inner join {{ ref('areas') }} as places on places.ref_area = programmes.place
    inner join {{ ref('areas') }} as provinces on provinces.ref_area = places.province
    inner join {{ ref('areas') }} as regions on regions.ref_area = places.region
    inner join {{ ref('code_lists') }} as kinds on kinds.code_list = 'PROGRAMME_KIND' and kinds.code = programmes.programme_kind
    left join {{ ref('areas') }} as communes on communes.ref_area = programmes.commune
    left join {{ ref('strategies') }} as strategies on strategies.strategy = programmes.strategy
    left join {{ ref('stg_events') }} as events on events.event_id = programmes.event_id
    left join figures on figures.ref_area = programmes.place
    left join promised on promised.ref_area = programmes.place
)

select * from final
