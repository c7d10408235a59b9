-- One row per household_id: people of one surname at one address, and what they come to
-- together. Its id is that of its oldest profile, with an h, and stays as long as that
-- one lives there.

{{ config(schema=none, access='public') }}

with members as (
    select * from {{ ref('idg_household_members') }}
),

orders as (
    select * from {{ ref('prf_traits__orders') }}
),

tickets as (
    select
        profile_id,
        count(*) as open_tickets
    from {{ ref('cdp_tickets') }}
    where is_open
    group by profile_id
),

households as (
    select
        members.household_id,
        min(members.profile_id) as oldest_profile_id,
        count(*) as size,
        {{ dbt.listagg('members.profile_id', "', '", 'order by members.profile_id') }}
            as members,
        count(orders.profile_id) as customers,
        sum(orders.orders_lifetime) as orders_lifetime,
        sum(orders.orders_last_365_days) as orders_last_365_days,
        coalesce(sum(orders.revenue_lifetime), 0) as revenue_lifetime,
        coalesce(sum(orders.revenue_last_365_days), 0) as revenue_last_365_days,
        min(orders.first_order_at) as first_order_at,
        max(orders.last_order_at) as last_order_at,
        sum(tickets.open_tickets) as open_tickets
    from members
    left join orders on members.profile_id = orders.profile_id
    left join tickets on members.profile_id = tickets.profile_id
    group by members.household_id
)

select
    households.household_id,
    cast(households.size as {{ cdp_type('integer') }}) as size,
    households.members,
    members.last_name,
    members.address_line1,
    members.postal_code,
    members.city,
    members.country_code,
    households.revenue_lifetime,
    households.revenue_last_365_days,
    {%- for name in [
        'customers', 'orders_lifetime', 'orders_last_365_days', 'open_tickets',
    ] %}
    cast(coalesce(households.{{ name }}, 0) as {{ cdp_type('integer') }}) as {{ name }},
    {%- endfor %}
    households.first_order_at,
    households.last_order_at
from households
inner join members on households.oldest_profile_id = members.profile_id
