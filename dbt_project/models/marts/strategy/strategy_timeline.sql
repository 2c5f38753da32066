with happened as (
    select
        'event:' || event_id as row_key, 'EVENT' as kind, event_type, event_id, cast(null as varchar) as target_id,
        strategy, ref_area, time_period as period, period_start as starts_on, period_end as ends_on,
        title_fr, title_ar, title_en, description_en, comment, publisher, document, locator, quote, published_on
    from {{ ref('stg_events') }}
),

due as (
    select
        'target:' || target_id as row_key, 'TARGET_DUE' as kind, 'target_due' as event_type, cast(null as varchar) as event_id, target_id,
        strategy, ref_area, due_period as period, due_on as starts_on, due_on as ends_on,
        'Échéance : ' || indicator_label_fr as title_fr, 'موعد الاستحقاق: ' || indicator_label_ar as title_ar,
        'Target due: ' || indicator_label_en as title_en, cast(null as varchar) as description_en, comment, publisher, document, locator, quote, published_on
    from {{ ref('strategy_targets') }}
    where due_on is not null
),

entries as (
    select * from happened
    union all
    select * from due
),

named_places as (
    select
        places.row_key,
        {{ joined('areas.label_fr') }} as area_label_fr,
        {{ joined('areas.label_ar') }} as area_label_ar,
        {{ joined('areas.label_en') }} as area_label_en
    from (select row_key, {{ unnested('ref_area') }} as ref_area from entries) as places
    inner join {{ ref('areas') }} as areas on areas.ref_area = places.ref_area
    group by places.row_key
),

final as (
    select
        entries.row_key, entries.kind, entries.event_type, entries.event_id, entries.target_id,
        entries.strategy, strategies.label_fr as strategy_label_fr, strategies.label_ar as strategy_label_ar, strategies.label_en as strategy_label_en,
        entries.ref_area, named_places.area_label_fr, named_places.area_label_ar, named_places.area_label_en,
        entries.period, entries.starts_on, entries.ends_on,
        entries.title_fr, entries.title_ar, entries.title_en, entries.description_en, entries.comment,
        entries.publisher, entries.document, entries.locator, entries.quote, entries.published_on
    from entries
    left join {{ ref('strategies') }} as strategies on strategies.strategy = entries.strategy
    left join named_places on named_places.row_key = entries.row_key
)

select * from final
