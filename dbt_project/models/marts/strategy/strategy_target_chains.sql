-- What became of a target in later statements: replaced by name, taken up by a later strategy, or the same promise worded otherwise.
with targets as (
    -- The budget of a strategy is its own whole, whichever strategy that is.
    select
        targets.*, strategies.period_start as strategy_start,
        case when targets.breakdown = 'STRATEGY=' || targets.strategy then '_T' else targets.breakdown end as part
    from {{ ref('strategy_targets') }} as targets
    inner join {{ ref('strategies') }} as strategies on strategies.strategy = targets.strategy
),

-- Of a later strategy, the statement that falls due first after the earlier one's due date.
taken_up as (
    select
        earlier.target_id, later.target_id as later_target_id,
        row_number() over (partition by earlier.target_id, later.strategy order by later.due_on asc, later.target_id asc) as place
    from targets as earlier
    inner join targets as later
        on later.indicator = earlier.indicator and later.ref_area = earlier.ref_area
        and later.urbanisation = earlier.urbanisation and later.part = earlier.part
        and later.strategy_start > earlier.strategy_start and later.due_on >= earlier.due_on
    left join targets as replacing on replacing.supersedes = earlier.target_id and replacing.strategy = later.strategy
    where replacing.target_id is null
),

linked as (
    select earlier.target_id, later.target_id as later_target_id, 'SUPERSEDES' as basis
    from targets as later
    inner join targets as earlier on earlier.target_id = later.supersedes
    union all
    select promises.promise as target_id, promises.target_id as later_target_id, 'DECLARED' as basis
    from {{ ref('target_promises') }} as promises
    inner join targets on targets.target_id = promises.target_id
    inner join targets as main on main.target_id = promises.promise
    union all
    select target_id, later_target_id, 'LATER_STRATEGY' as basis from taken_up where place = 1
),

-- A promise of which no statement leads on, when the strategy after its own is known.
not_taken_up as (
    select promised.target_id, cast(null as varchar) as later_target_id, 'NEXT_STRATEGY' as basis, next_strategies.strategy as later_strategy
    from targets as promised
    inner join {{ ref('strategies') }} as next_strategies on next_strategies.predecessor = promised.strategy
    where promised.target_id = promised.promise and promised.is_standing
        and promised.promise not in (
            select targets.promise from targets inner join linked on linked.target_id = targets.target_id where linked.basis <> 'DECLARED'
        )
),

links as (
    select linked.*, later.strategy as later_strategy
    from linked
    inner join targets as later on later.target_id = linked.later_target_id
    union all
    select * from not_taken_up
),

final as (
    select
        links.target_id || '|' || coalesce(links.later_target_id, links.later_strategy) as row_key,
        links.target_id, links.later_target_id, links.basis,
        case
            when links.basis = 'DECLARED' then later.promise_relation
            when earlier.target_status = 'dropped' then 'DROPPED'
            when links.later_target_id is null then 'NOT_TAKEN_UP'
            when later.definition <> earlier.definition or later.unit_measure <> earlier.unit_measure
                or later.breakdown <> earlier.breakdown or later.statement_type <> earlier.statement_type or later.direction <> earlier.direction then 'REDEFINED'
            when later.value_lower = earlier.value_lower and later.value_upper = earlier.value_upper then 'RESTATED'
            when later.value_lower > earlier.value_upper then case when later.direction = 'UP' then 'RAISED' else 'LOWERED' end
            when later.value_upper < earlier.value_lower then case when later.direction = 'UP' then 'LOWERED' else 'RAISED' end
            else 'INDETERMINATE'
        end as relation,
        earlier.strategy, links.later_strategy,
        earlier.indicator, earlier.indicator_label_fr, earlier.indicator_label_ar, earlier.indicator_label_en, earlier.ref_area, earlier.breakdown,
        earlier.definition, later.definition as later_definition,
        earlier.statement_type, later.statement_type as later_statement_type,
        earlier.unit_measure, later.unit_measure as later_unit_measure,
        earlier.value, earlier.bound, later.value as later_value, later.bound as later_bound,
        earlier.due_period, later.due_period as later_due_period,
        -- A level from a baseline and an increment are one promise when they add up: 32,000 + 26,000 = 58,000.
        case
            when links.basis = 'DECLARED' and earlier.statement_type = 'LEVEL' and later.statement_type = 'INCREMENT'
                then earlier.baseline + later.value
        end as level_from_increment,
        case when links.basis = 'DECLARED' then later.promise_reason end as reason
    from links
    inner join targets as earlier on earlier.target_id = links.target_id
    left join targets as later on later.target_id = links.later_target_id
)

select * from final
