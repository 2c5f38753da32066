{{ config(meta={'dagster': {'ref': {'name': 'reconciliations'}}}) }}
-- The census's own figures: leaves, provinces and regions give the areas above them, counts but for the rounding of
-- estimates, and the shares of whole regions and of the country within the rounding of what was printed.
-- The leaves of two regions of the south do not, because the tables of 2014 do not give back their own totals there: in
-- Assa-Zag 27.4 % of the urban and 6 % of the rural households are 22.2 % of all, not the 23.7 printed.
select row_key, published_value, computed_value, explanation
from {{ ref('reconciliations') }}
where status = 'DIFFERENCE' and definition like 'hcp_%'
    and (
        (unit_measure <> 'PERCENT' and explanation not like 'differs by at most half a unit%')
        or (unit_measure = 'PERCENT' and urbanisation = '_T' and kind not like '%_TO_PROVINCE'
            and not (kind = 'LEAVES_TO_REGION' and ref_area in ('10', '11')))
    )
