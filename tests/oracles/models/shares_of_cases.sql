-- Every worked share, through the one division that all marts use.
select example, {{ share('part', 'whole') }} as value, {{ per_head('part', 'whole') }} as per_1000
from {{ ref('share_cases') }}
