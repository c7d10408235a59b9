-- One row per stay of a profile in a segment: state, and the only record of who was in
-- when. A run writes what changed: entries, exits, and the stays of profiles that
-- merged. Stays of two profiles that turn out to be one person and overlap become one
-- stay: the first goes on, the others say so in `absorbed_into`. The moment of a run is
-- never before what is written already: who runs yesterday again changes no past.

{{ config(
    schema='cdp_state',
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='stay_id',
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}

{%- set end_of_time = "cast('9999-12-31' as " ~ cdp_type('timestamp') ~ ")" %}

with members as (
    select * from {{ ref('smb_members') }}
),

redirects as (
    select distinct
        previous_profile_id,
        current_profile_id as profile_id
    from {{ ref('cdp_identity_changes') }}
    where change_type = 'merged' and current_profile_id <> previous_profile_id
),

clock as (
    {%- if is_incremental() %}
    select greatest({{ cdp_now() }}, max(entered_at), max(exited_at)) as moment
    from {{ this }}
    {%- else %}
    select {{ cdp_now() }} as moment
    {%- endif %}
),

-- A person's stays follow her into the profile in which hers went up.
stays as (
    {%- if is_incremental() %}
    select
        recorded.stay_id,
        recorded.segment,
        coalesce(redirects.profile_id, recorded.profile_id) as profile_id,
        recorded.entered_at,
        recorded.exited_at,
        redirects.profile_id is not null as is_moved
    from {{ this }} as recorded
    left join redirects on recorded.profile_id = redirects.previous_profile_id
    where recorded.absorbed_into is null
    {%- else %}
    select
        cast(null as {{ cdp_type('text') }}) as stay_id,
        cast(null as {{ cdp_type('text') }}) as segment,
        cast(null as {{ cdp_type('text') }}) as profile_id,
        {{ cdp_now() }} as entered_at,
        {{ cdp_now() }} as exited_at,
        false as is_moved
    where false
    {%- endif %}
),

open_stays as (
    select * from stays
    where exited_at is null
),

-- A member without an open stay came in, an open stay without its member ended.
moves as (
    select
        coalesce(members.segment, open_stays.segment) as segment,
        coalesce(members.profile_id, open_stays.profile_id) as profile_id,
        open_stays.stay_id
    from members
    full outer join open_stays
        on
            members.segment = open_stays.segment
            and members.profile_id = open_stays.profile_id
    where members.profile_id is null or open_stays.stay_id is null
),

merged_profiles as (
    select distinct
        segment,
        profile_id
    from stays
    where is_moved
),

changed_stays as (
    select
        stays.stay_id,
        stays.segment,
        stays.profile_id,
        stays.entered_at,
        case
            when moves.stay_id is not null then clock.moment
            else coalesce(stays.exited_at, {{ end_of_time }})
        end as exited_at
    from stays
    cross join clock
    left join moves on stays.stay_id = moves.stay_id
    left join merged_profiles
        on
            stays.segment = merged_profiles.segment
            and stays.profile_id = merged_profiles.profile_id
    where moves.stay_id is not null or merged_profiles.profile_id is not null
),

beginnings as (
    select
        *,
        case
            when entered_at <= max(exited_at) over (
                partition by segment, profile_id
                order by entered_at, stay_id
                rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as begins
    from changed_stays
),

numbered as (
    select
        *,
        sum(begins) over (
            partition by segment, profile_id
            order by entered_at, stay_id
            rows between unbounded preceding and current row
        ) as joined_stay
    from beginnings
),

joined as (
    select
        stay_id,
        segment,
        profile_id,
        entered_at,
        max(exited_at) over (
            partition by segment, profile_id, joined_stay
        ) as exited_at,
        first_value(stay_id) over (
            partition by segment, profile_id, joined_stay
            order by entered_at, stay_id
        ) as first_stay_id
    from numbered
),

final as (
    select
        {{ dbt.hash("concat(moves.segment, '|', moves.profile_id, '|', "
            ~ "cast(clock.moment as " ~ cdp_type('text') ~ "))") }} as stay_id,
        moves.segment,
        moves.profile_id,
        clock.moment as entered_at,
        cast(null as {{ cdp_type('timestamp') }}) as exited_at,
        cast(null as {{ cdp_type('text') }}) as absorbed_into
    from moves
    cross join clock
    where moves.stay_id is null

    union all

    select
        stay_id,
        segment,
        profile_id,
        entered_at,
        nullif(exited_at, {{ end_of_time }}) as exited_at,
        nullif(first_stay_id, stay_id) as absorbed_into
    from joined
)

select * from final
