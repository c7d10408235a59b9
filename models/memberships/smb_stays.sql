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

{% if is_incremental() %}
clock as (
    select greatest({{ cdp_now() }}, max(entered_at), max(exited_at)) as moment
    from {{ this }}
),

stays as (
    select
        stays.stay_id,
        stays.segment,
        coalesce(redirects.profile_id, stays.profile_id) as profile_id,
        stays.entered_at,
        stays.exited_at,
        redirects.profile_id is not null as is_moved
    from {{ this }} as stays
    left join redirects on stays.profile_id = redirects.previous_profile_id
    where stays.absorbed_into is null
),

merged_profiles as (
    select distinct
        segment,
        profile_id
    from stays
    where is_moved
),

stays_to_join as (
    select
        stays.*,
        max(coalesce(stays.exited_at, {{ end_of_time }})) over (
            partition by stays.segment, stays.profile_id
            order by stays.entered_at, stays.stay_id
            rows between unbounded preceding and 1 preceding
        ) as covered_until
    from stays
    inner join merged_profiles
        on
            stays.segment = merged_profiles.segment
            and stays.profile_id = merged_profiles.profile_id
),

numbered as (
    select
        *,
        sum(case when entered_at <= covered_until then 0 else 1 end) over (
            partition by segment, profile_id
            order by entered_at, stay_id
            rows between unbounded preceding and current row
        ) as joined_stay
    from stays_to_join
),

joined as (
    select
        stay_id,
        segment,
        profile_id,
        entered_at,
        exited_at,
        first_value(stay_id) over (
            partition by segment, profile_id, joined_stay
            order by entered_at, stay_id
            rows between unbounded preceding and unbounded following
        ) as first_stay_id,
        nullif(
            max(coalesce(exited_at, {{ end_of_time }})) over (
                partition by segment, profile_id, joined_stay
            ),
            {{ end_of_time }}
        ) as last_exited_at
    from numbered
),

stays_after_merges as (
    select
        stays.stay_id,
        stays.segment,
        stays.profile_id,
        stays.entered_at,
        case
            when joined.stay_id = joined.first_stay_id then joined.last_exited_at
            else stays.exited_at
        end as exited_at,
        case
            when joined.stay_id <> joined.first_stay_id then joined.first_stay_id
        end as absorbed_into,
        joined.stay_id is not null as is_changed
    from stays
    left join joined on stays.stay_id = joined.stay_id
),

open_stays as (
    select * from stays_after_merges
    where exited_at is null and absorbed_into is null
),

stays_that_changed as (
    select
        stays_after_merges.stay_id,
        stays_after_merges.segment,
        stays_after_merges.profile_id,
        stays_after_merges.entered_at,
        case
            when open_stays.stay_id is not null and members.profile_id is null
                then clock.moment
            else stays_after_merges.exited_at
        end as exited_at,
        stays_after_merges.absorbed_into
    from stays_after_merges
    cross join clock
    left join open_stays on stays_after_merges.stay_id = open_stays.stay_id
    left join members
        on
            stays_after_merges.segment = members.segment
            and stays_after_merges.profile_id = members.profile_id
    where
        stays_after_merges.is_changed
        or (open_stays.stay_id is not null and members.profile_id is null)
),

entries as (
    select
        members.segment,
        members.profile_id
    from members
    left join open_stays
        on
            members.segment = open_stays.segment
            and members.profile_id = open_stays.profile_id
    where open_stays.stay_id is null
),
{% else %}
clock as (
    select {{ cdp_now() }} as moment
),

entries as (
    select * from members
),
{% endif %}

final as (
    select
        {{ dbt.hash("concat(entries.segment, '|', entries.profile_id, '|', "
            ~ "cast(clock.moment as " ~ cdp_type('text') ~ "))") }} as stay_id,
        entries.segment,
        entries.profile_id,
        clock.moment as entered_at,
        cast(null as {{ cdp_type('timestamp') }}) as exited_at,
        cast(null as {{ cdp_type('text') }}) as absorbed_into
    from entries
    cross join clock
    {%- if is_incremental() %}

    union all

    select
        stay_id,
        segment,
        profile_id,
        entered_at,
        exited_at,
        absorbed_into
    from stays_that_changed
    {%- endif %}
)

select * from final
