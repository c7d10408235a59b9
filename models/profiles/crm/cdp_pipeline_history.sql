-- One row per stay of a deal in a stage, up to now: what the deal was like in it. A
-- deal that nobody is named in counts as well.

{{ config(schema=none, access='public') }}

with opportunities as (
    select * from {{ ref('inp_opportunities') }}
    where
        not coalesce(is_deleted, false)
        and opportunity_id is not null
        and {{ cdp_has_come('occurred_at') }}
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

deal_stages as (
    select * from {{ cdp_reference('deal_stages') }}
),

account_records as (
    select * from {{ ref('prf_account_records') }}
),

members as (
    select * from {{ ref('cdp_account_members') }}
    where is_primary
),

owners as (
    select * from {{ ref('prf_owners') }}
),

stays as (
    select
        {{ cdp_id('opportunities.source', 'opportunities.opportunity_id') }}
            as opportunity_key,
        opportunities.source,
        opportunities.record_id,
        opportunities.opportunity_id,
        opportunities.brand,
        opportunities.name,
        coalesce(opportunities.stage, 'none') as stage,
        opportunities.occurred_at,
        opportunities.identity_key,
        opportunities.account_id,
        opportunities.owner_id,
        opportunities.lead_source,
        opportunities.probability,
        opportunities.amount,
        opportunities.currency,
        opportunities.amount_reporting,
        opportunities.created_at,
        opportunities.close_date,
        case
            when deal_stages.kind is not null then deal_stages.kind
            when opportunities.is_won then 'won'
            when opportunities.is_closed then 'lost'
            else 'open'
        end as stage_kind,
        case
            when opportunities.has_negative_amount then 'negative'
            when
                opportunities.amount is not null
                and opportunities.amount_reporting is null
                then 'no_rate'
        end as amount_problem
    from opportunities
    left join deal_stages on {{ cdp_fold('opportunities.stage') }} = deal_stages.stage
),

placed as (
    select
        *,
        row_number() over (
            partition by opportunity_key
            order by
                occurred_at,
                case when stage_kind = 'open' then 0 else 1 end,
                record_id
        ) as position
    from stays
),

history as (
    select
        placed.*,
        lead(occurred_at) over deal as left_at,
        lag(stage) over deal as previous_stage,
        lead(stage) over deal as next_stage,
        lead(stage_kind) over deal as next_stage_kind
    from placed
    window deal as (partition by opportunity_key order by position)
)

select
    history.opportunity_key,
    history.position,
    history.source,
    history.opportunity_id,
    history.brand,
    history.name,
    history.stage,
    history.stage_kind,
    history.occurred_at as entered_at,
    history.left_at,
    history.left_at is null as is_current,
    case
        when history.left_at is not null or history.stage_kind = 'open'
            then {{ cdp_days_between(
                'history.occurred_at', 'coalesce(history.left_at, ' ~ cdp_now() ~ ')'
            ) }}
    end as days_in_stage,
    history.previous_stage,
    history.next_stage,
    history.next_stage_kind,
    identity_map.profile_id,
    coalesce(account_records.account_id, members.account_id) as account_id,
    history.owner_id,
    owners.rep_id,
    history.lead_source,
    history.probability,
    history.amount,
    history.currency,
    history.amount_reporting,
    history.amount_problem,
    history.created_at,
    history.close_date
from history
left join identity_map
    on
        history.source = identity_map.source
        and history.identity_key = identity_map.record_id
left join account_records
    on
        history.source = account_records.source
        and history.account_id = account_records.record_id
left join members on identity_map.profile_id = members.profile_id
left join owners
    on
        history.source = owners.source
        and history.owner_id = owners.owner_id
