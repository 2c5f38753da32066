{{ config(meta={'dagster': {'ref': {'name': 'regional_indicators'}}}) }}
-- Twelve rows for every series; shares of a whole add up to it; ranks only among twelve, the best being 1.
with series as (
    select
        definition, urbanisation, breakdown, period, coalesce(document, '') as document_if_undated,
        count(*) as regions, min(regions_expected) as regions_expected, min(regions_reporting) as regions_reporting,
        count(value) as values_there, count(rank_value) as ranks, min(rank_value) as best, max(rank_value) as worst,
        sum(share_of_country) filter (where country_basis = 'SUM_OF_REGIONS') as shares
    from {{ ref('regional_indicators') }}
    where period <> 'undated'
    group by all
)

select definition, urbanisation, breakdown, period
from series
group by definition, urbanisation, breakdown, period
having sum(regions) <> (select count(*) from {{ ref('areas') }} as areas where areas.level = 'region') or sum(regions) <> min(regions_expected)
    or min(regions_reporting) < sum(values_there)
    or (sum(ranks) > 0 and (sum(ranks) <> min(regions_expected) or min(best) <> 1 or max(worst) > min(regions_expected)))
    or abs(sum(shares) - 1) > 1e-9
