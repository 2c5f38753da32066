-- Which areas add up to which: leaves (communes without arrondissements, and arrondissements), provinces, regions.
with areas as (
    select * from {{ ref('areas') }}
),

final as (
    select 'LEAVES_TO_PROVINCE' as kind, province as whole, ref_area as part from areas where in_commune_sums
    union all
    select 'LEAVES_TO_REGION' as kind, region as whole, ref_area as part from areas where in_commune_sums
    union all
    select 'LEAVES_TO_COUNTRY' as kind, 'MA' as whole, ref_area as part from areas where in_commune_sums
    union all
    select 'PROVINCES_TO_REGION' as kind, region as whole, ref_area as part from areas where in_province_sums
    union all
    select 'PROVINCES_TO_COUNTRY' as kind, 'MA' as whole, ref_area as part from areas where in_province_sums
    union all
    select 'REGIONS_TO_COUNTRY' as kind, 'MA' as whole, ref_area as part from areas where level = 'region'
)

select * from final
