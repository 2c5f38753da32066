-- The census's own figures: leaves, provinces and regions give the areas above them, counts but for the rounding of
-- estimates, and the shares of whole regions and of the country within the rounding of what was printed.
select row_key, published_value, computed_value, explanation
from {{ ref('reconciliations') }}
where status = 'DIFFERENCE' and definition like 'hcp_%'
    and (
        (unit_measure <> 'PERCENT' and explanation not like 'differs by less than half a unit%')
        or (unit_measure = 'PERCENT' and urbanisation = '_T' and kind not like '%_TO_PROVINCE')
    )
