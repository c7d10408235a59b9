-- One row per stage that a deal entered. Feeds the contract opportunities.
-- Name, amount and dates are the deal's present ones: the hub keeps no older ones. A
-- deal without history is in its present stage since it was made.

{{ config(
    enabled=cdp_has_source('hubspot'),
    meta={
        'cdp_contract': 'opportunities',
        'cdp_identifiers': ['hubspot_contact_id'],
    },
) }}

with deals as (
    {{ cdp_source('hubspot', 'deal') }}
),

deal_stages as (
    {{ cdp_source('hubspot', 'deal_stage') }}
),

pipeline_stages as (
    {{ cdp_source('hubspot', 'deal_pipeline_stage') }}
),

deal_contacts as (
    {{ cdp_source('hubspot', 'deal_contact') }}
),

deal_companies as (
    {{ cdp_source('hubspot', 'deal_company') }}
),

current_deals as (
    {{ cdp_latest('deals', ['deal_id'], [
        'property_hs_lastmodifieddate', '_fivetran_synced',
    ]) }}
),

entered_stages as (
    {{ cdp_latest('deal_stages', ['deal_id', 'value', 'date_entered'], [
        '_fivetran_synced',
    ]) }}
),

named_stages as (
    {{ cdp_latest('pipeline_stages', ['stage_id'], [
        'updated_at', '_fivetran_synced',
    ]) }}
),

-- A deal with several contacts is nobody's in particular.
sole_contacts as (
    select
        _source,
        deal_id,
        min(contact_id) as hubspot_contact_id
    from deal_contacts
    group by _source, deal_id
    having count(distinct contact_id) = 1
),

-- A deal may be linked to several companies, and to one in several ways.
main_companies as (
    select
        _source,
        deal_id,
        coalesce(
            min(case when type_id = '5' then company_id end), min(company_id)
        ) as account_id
    from deal_companies
    group by _source, deal_id
),

deals_by_stage as (
    select
        current_deals.*,
        coalesce(entered_stages.value, current_deals.deal_pipeline_stage_id)
            as stage_id,
        coalesce(entered_stages.date_entered, current_deals.property_createdate)
            as entered_at
    from current_deals
    left join entered_stages
        on
            current_deals._source = entered_stages._source
            and current_deals.deal_id = entered_stages.deal_id
),

opportunities as (
    select
        deals_by_stage._source as source,
        deals_by_stage._brand as brand,
        {{ dbt.concat([
            'deals_by_stage.deal_id', "'|'", 'deals_by_stage.stage_id', "'|'",
            'cast(deals_by_stage.entered_at as ' ~ cdp_type('text') ~ ')',
        ]) }} as record_id,
        sole_contacts.hubspot_contact_id,
        deals_by_stage.deal_id as opportunity_id,
        main_companies.account_id,
        deals_by_stage.property_dealname as name,
        coalesce(named_stages.label, deals_by_stage.stage_id) as stage,
        deals_by_stage.property_amount as amount,
        deals_by_stage.property_deal_currency_code as currency,
        deals_by_stage.property_closedate as close_date,
        deals_by_stage.property_createdate as created_at,
        deals_by_stage.owner_id,
        named_stages.probability,
        coalesce(named_stages.is_closed, named_stages.closed_won) as is_closed,
        named_stages.closed_won as is_won,
        deals_by_stage.entered_at as occurred_at,
        coalesce(deals_by_stage.is_deleted, false) as is_deleted
    from deals_by_stage
    left join named_stages
        on
            deals_by_stage._source = named_stages._source
            and deals_by_stage.stage_id = named_stages.stage_id
    left join sole_contacts
        on
            deals_by_stage._source = sole_contacts._source
            and deals_by_stage.deal_id = sole_contacts.deal_id
    left join main_companies
        on
            deals_by_stage._source = main_companies._source
            and deals_by_stage.deal_id = main_companies.deal_id
)

{{ cdp_emit('opportunities', 'opportunities', [
    'occurred_at', 'opportunity_id', 'account_id', 'name', 'stage', 'amount',
    'currency', 'close_date', 'created_at', 'owner_id', 'probability', 'is_closed',
    'is_won',
]) }}
