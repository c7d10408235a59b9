-- One row per (profile_id, valid_from): the tracked columns of a known person from that
-- moment on. State: what a source overwrites is nowhere else. A run writes who changed,
-- and who is gone (is_present false), at a moment that is never before what is written:
-- who runs yesterday again changes no past.

{{ config(
    schema='cdp_state',
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['profile_id', 'valid_from'],
    full_refresh=false,
    on_schema_change='append_new_columns',
) }}

{%- set tracked = cdp_tracked_columns() %}

with profiles as (
    select * from {{ ref('cdp_profiles') }}
    where is_known
),

{% if is_incremental() -%}
versions as (
    select
        *,
        row_number() over (partition by profile_id order by valid_from desc) as age
    from {{ this }}
),

latest as (
    select * from versions
    where age = 1
),

clock as (
    select greatest({{ cdp_now() }}, max(valid_from)) as moment from latest
),

{%- set known = adapter.get_columns_in_relation(this)
    | map(attribute='name') | map('lower') | list %}

changed as (
    select
        coalesce(profiles.profile_id, latest.profile_id) as profile_id,
        profiles.profile_id is not null as is_present
        {%- for name in tracked %},
        profiles.{{ name }}
        {%- endfor %}
    from profiles
    full outer join latest on profiles.profile_id = latest.profile_id
    where
        latest.profile_id is null
        or latest.is_present <> (profiles.profile_id is not null)
        {%- for name in tracked %}
        or profiles.{{ name }} is distinct from
        {{ 'latest.' ~ name if name in known else 'null' }}
        {%- endfor %}
)
{%- else -%}
clock as (
    select {{ cdp_now() }} as moment
),

changed as (
    select
        profile_id,
        true as is_present
        {%- for name in tracked %},
        {{ name }}
        {%- endfor %}
    from profiles
)
{%- endif %}

select
    changed.profile_id,
    clock.moment as valid_from,
    changed.is_present
    {%- for name, type in tracked.items() %},
    cast(changed.{{ name }} as {{ cdp_type(type) }}) as {{ name }}
    {%- endfor %}
from changed
cross join clock
