-- One row per (source, owner_id): an employee of ours as records name her, whether the
-- source lists her or not. rep_id: one employee has one work address, so records of
-- several sources with the same one are one representative.

{%- set named_by = {
    'accounts': 'owner_id', 'people': 'owner_id', 'opportunities': 'owner_id',
    'activities': 'owner_id', 'tickets': 'assignee_id',
} %}

with owners as (
    select * from {{ ref('inp_owners') }}
),

mentioned as (
    select
        source,
        record_id as owner_id
    from owners
    {%- for contract, column in named_by.items() %}

    union

    select
        source,
        {{ column }} as owner_id
    from {{ ref('inp_' ~ contract) }}
    where {{ column }} is not null
    {%- endfor %}
),

described as (
    select
        mentioned.source,
        mentioned.owner_id,
        owners.name,
        lower(owners.work_email) as work_email,
        -- One who was deleted or left still owns what she owned.
        coalesce(owners.is_active, true)
        and not coalesce(owners.is_deleted, false)
        and owners.record_id is not null as is_active,
        {{ dbt.hash(
            "coalesce(lower(owners.work_email), "
            ~ cdp_id('mentioned.source', 'mentioned.owner_id') ~ ")"
        ) }} as rep_id
    from mentioned
    left join owners
        on
            mentioned.source = owners.source
            and mentioned.owner_id = owners.record_id
)

select
    source,
    owner_id,
    rep_id,
    first_value(name) over (
        partition by rep_id
        order by
            case when name is null then 1 else 0 end,
            case when is_active then 0 else 1 end,
            length(name) desc,
            source,
            owner_id
    ) as rep_name,
    work_email as rep_email,
    is_active
from described
