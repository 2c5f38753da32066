-- Every worked example of forecasts through the macros: slope, value at the due date, years until a level is reached.
with cases as (
    select * from {{ ref('forecast_cases') }}
),

fitted as (
    {{ forecasts('cases') }}
),

final as (
    select series_key, shape_code, 'slope' as quantity, slope as value from fitted
    union all
    select series_key, shape_code, 'forecast' as quantity, forecast as value from fitted
    union all
    select series_key, shape_code, 'years_to_80' as quantity, ({{ forecast_scale('80.0', 'shape_code', 'ceiling') }} - last_scaled) / slope as value from fitted
)

select * from final
