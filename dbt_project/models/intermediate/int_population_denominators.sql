-- For each area and date that a count refers to: the census before it, the census after it, and the one to divide by.
{{ census_denominators('population', 'per_head_population_indicator', ref('areas')) }}
