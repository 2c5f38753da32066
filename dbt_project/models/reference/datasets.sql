with datasets as (
    select * from {{ source('raw', 'datasets') }}
),

final as (
    select
        dataset, domain, title_fr, title_ar, title_en, description, publisher, address, licence, reader, kind,
        expected_every, max_age_days, contact
    from datasets
)

select * from final
