-- Invariant: every row of a contract that belongs to somebody, is not deleted, and has
-- happened stands on the timeline, once. A refusal has happened, whatever its date.

{%- set clocks = {
    'carts': 'coalesce(inputs.started_at, inputs.updated_at)',
    'tickets': 'coalesce(inputs.opened_at, inputs.updated_at)',
} %}

with expected as (
    {%- for contract in [
        'events', 'orders', 'carts', 'messages', 'subscriptions', 'tickets',
        'opportunities', 'activities', 'responses', 'consents',
    ] %}
    {%- set clock = clocks.get(contract, 'inputs.occurred_at') %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        '{{ contract }}' as contract,
        count(*) as interactions
    from {{ ref('inp_' ~ contract) }} as inputs
    inner join {{ ref('cdp_identity_map') }} as cdp_identity_map
        on
            inputs.source = cdp_identity_map.source
            and inputs.identity_key = cdp_identity_map.record_id
    where
        inputs.is_deleted is not true
        and (
            {{ clock }} <= {{ cdp_now() }}
            {%- if contract == 'consents' %}
            or coalesce(lower(inputs.status), '') <> 'granted'
            {%- endif %}
        )
        {%- if contract in clocks %}
        and (inputs.updated_at is null or inputs.updated_at <= {{ cdp_now() }})
        {%- endif %}
    {%- endfor %}

    union all

    select
        'refunds' as contract,
        count(*) as interactions
    from {{ ref('inp_refunds') }} as inp_refunds
    inner join {{ ref('inp_orders') }} as inp_orders
        on
            inp_refunds.source = inp_orders.source
            and inp_refunds.order_id = inp_orders.record_id
    inner join {{ ref('cdp_identity_map') }} as cdp_identity_map
        on
            inp_orders.source = cdp_identity_map.source
            and inp_orders.identity_key = cdp_identity_map.record_id
    where
        inp_refunds.is_deleted is not true
        and inp_orders.is_deleted is not true
        and inp_refunds.occurred_at <= {{ cdp_now() }}
        and inp_orders.occurred_at <= {{ cdp_now() }}
),

found as (
    select
        contract,
        count(*) as interactions
    from {{ ref('cdp_timeline') }}
    group by contract
)

select
    expected.contract,
    expected.interactions as expected,
    coalesce(found.interactions, 0) as found
from expected
left join found on expected.contract = found.contract
where expected.interactions <> coalesce(found.interactions, 0)
