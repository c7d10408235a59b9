-- One row per consent that somebody entered by hand (`cdp consent`), of the person it
-- belongs to by now: who was merged away speaks for whom she is part of.

with entries as (
    {{ cdp_state_rows('cdp_consent_entries', {
        'profile_id': 'text', 'purpose': 'text', 'channel': 'text', 'status': 'text',
        'captured_at': 'timestamp',
    }) }}
),

redirects as (
    select distinct
        previous_profile_id,
        current_profile_id
    from {{ ref('cdp_identity_changes') }}
    where change_type = 'merged'
),

people as (
    select distinct profile_id from {{ ref('cdp_identity_map') }}
),

followed as (
    select
        coalesce(redirects.current_profile_id, entries.profile_id) as profile_id,
        entries.profile_id as entered_for,
        entries.purpose,
        entries.channel,
        entries.status,
        entries.captured_at
    from entries
    left join redirects on entries.profile_id = redirects.previous_profile_id
),

known as (
    select
        followed.profile_id,
        followed.purpose,
        followed.channel,
        followed.status,
        followed.captured_at as occurred_at,
        concat('entered_', followed.entered_for) as record_id
    from followed
    inner join people on followed.profile_id = people.profile_id
)

select * from known
