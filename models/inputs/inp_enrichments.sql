-- One row per attribute that a provider tells of an identifier. What a provider told
-- that `cdp enrichment remove` took out is not among them.

with enrichments as (
    {{ cdp_union('enrichments') }}
),

removed as (
    {{ cdp_state_rows('cdp_removed_providers', {
        'provider': 'text', 'restored_at': 'timestamp',
    }) }}
),

allowed as (
    select enrichments.*
    from enrichments
    left join removed
        on
            lower(enrichments.provider) = removed.provider
            and removed.restored_at is null
    where removed.provider is null
)

select * from allowed
