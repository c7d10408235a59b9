-- One row per stay of a profile in a segment, past and present.

{{ config(access='public', materialized='view') }}

with stays as (
    select * from {{ ref('smb_stays') }}
    where absorbed_into is null
),

memberships as (
    select
        stay_id,
        profile_id,
        segment,
        entered_at,
        exited_at,
        exited_at is null as is_current,
        {{ cdp_split('segment', 'profile_id', cdp_holdout_pct('segment')) }} as split
    from stays
)

select * from memberships
