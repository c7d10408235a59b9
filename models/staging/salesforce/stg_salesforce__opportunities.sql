-- One row per stay of an opportunity in a stage. Feeds the contract opportunities.
-- A stay has the amount and the dates that were last known in it. An opportunity
-- without history is one stay, in its present stage.

{{ config(
    enabled=cdp_has_source('salesforce'),
    meta={
        'cdp_contract': 'opportunities',
        'cdp_identifiers': ['salesforce_contact_id'],
    },
) }}

with opportunities as (
    {{ cdp_source('salesforce', 'opportunity') }}
),

opportunity_history as (
    {{ cdp_source('salesforce', 'opportunity_history') }}
),

current_opportunities as (
    {{ cdp_latest('opportunities', ['id'], ['_fivetran_active', '_fivetran_synced']) }}
),

opportunity_versions as (
    {{ cdp_latest('opportunity_history', ['id', '_fivetran_start'], [
        '_fivetran_active', '_fivetran_synced',
    ]) }}
),

stage_stays as (
    {{ cdp_stays('opportunity_versions', 'id', ['stage_name'], '_fivetran_start') }}
),

recorded_stays as (
    select
        stage_stays._source,
        stage_stays._brand,
        stage_stays.id,
        stage_stays.entered_at,
        stage_stays.account_id,
        stage_stays.name,
        stage_stays.stage_name,
        stage_stays.amount,
        stage_stays.currency_iso_code,
        stage_stays.close_date,
        stage_stays.created_date,
        stage_stays.owner_id,
        stage_stays.lead_source,
        stage_stays.probability,
        stage_stays.is_closed,
        stage_stays.is_won,
        coalesce(current_opportunities.contact_id, stage_stays.contact_id)
            as contact_id,
        coalesce(current_opportunities.is_deleted, stage_stays.is_deleted)
            as is_deleted
    from stage_stays
    left join current_opportunities
        on
            stage_stays._source = current_opportunities._source
            and stage_stays.id = current_opportunities.id
),

present_stages_without_history as (
    select
        _source,
        _brand,
        id,
        coalesce(last_stage_change_date, created_date) as entered_at,
        account_id,
        name,
        stage_name,
        amount,
        currency_iso_code,
        close_date,
        created_date,
        owner_id,
        lead_source,
        probability,
        is_closed,
        is_won,
        contact_id,
        is_deleted
    from current_opportunities
    where not exists (
        select 1
        from opportunity_history
        where
            opportunity_history._source = current_opportunities._source
            and opportunity_history.id = current_opportunities.id
    )
),

all_stays as (
    select * from recorded_stays
    union all
    select * from present_stages_without_history
),

stage_changes as (
    select
        _source as source,
        _brand as brand,
        {{ dbt.concat(['id', "'|'", 'cast(entered_at as ' ~ cdp_type('text') ~ ')']) }}
            as record_id,
        contact_id as salesforce_contact_id,
        id as opportunity_id,
        account_id,
        name,
        stage_name as stage,
        amount,
        currency_iso_code as currency,
        close_date,
        created_date as created_at,
        owner_id,
        lead_source,
        probability / 100.0 as probability,
        is_closed,
        is_won,
        entered_at as occurred_at,
        coalesce(is_deleted, false) as is_deleted
    from all_stays
)

{{ cdp_emit('opportunities', 'stage_changes', [
    'occurred_at', 'opportunity_id', 'account_id', 'name', 'stage', 'amount',
    'currency', 'close_date', 'created_at', 'owner_id', 'lead_source', 'probability',
    'is_closed', 'is_won',
]) }}
