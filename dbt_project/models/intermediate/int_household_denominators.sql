-- For each region, and the country, and each date that a count refers to: the households of the census before it and of the
-- census after it, and those to divide by.
{{ census_denominators('households', 'per_household_indicator', "(select areas.ref_area from " ~ ref('areas') ~ " as areas where areas.level in ('country', 'region'))") }}
