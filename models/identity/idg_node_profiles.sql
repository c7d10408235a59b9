-- One row per node_id and run that gave it another profile, or saw it leave or return.
-- State, append only: who was who at any time. A run writes all it decided in this one
-- statement, so one that dies leaves nothing half-written; the public tables only read
-- it.

{{ config(
    materialized='incremental', schema='cdp_state', full_refresh=false,
    on_schema_change='append_new_columns',
) }}

with clusters as (
    select * from {{ ref('idg_node_clusters') }}
),

assignments as (
    select * from {{ ref('idg_assignments') }}
),

choices as (
    select * from {{ ref('idg_profile_choices') }}
),

previous as (
    select * from {{ ref('idg_previous_profiles') }}
),

present as (
    select
        clusters.node_id,
        clusters.component_id,
        assignments.profile_number
    from clusters
    inner join assignments on clusters.cluster_id = assignments.cluster_id
),

-- The components that hold a node which the profile had before: what else is in them
-- came by an identifier, the rest of the cluster by likeness.
home_components as (
    select distinct present.component_id
    from present
    inner join previous
        on
            present.node_id = previous.node_id
            and present.profile_number = previous.profile_number
),

-- A node that is gone follows its profile when that one is merged: should it come back,
-- it must not wake an id that redirects elsewhere.
compared as (
    select
        coalesce(present.node_id, previous.node_id) as node_id,
        coalesce(
            present.profile_number, choices.survivor_number, previous.profile_number
        ) as profile_number,
        previous.profile_number as previous_profile_number,
        case
            when previous.profile_number <> present.profile_number
                then
                    case
                        when home_components.component_id is null then 'probable'
                        else 'exact'
                    end
        end as linked_by,
        present.node_id is not null as is_present,
        coalesce(previous.is_present, false) as was_present
    from present
    full outer join previous on present.node_id = previous.node_id
    left join choices on previous.profile_number = choices.profile_number
    left join home_components on present.component_id = home_components.component_id
),

last_run as (
    select coalesce(max(run_number), 0) as run_number from previous
)

select
    compared.node_id,
    compared.profile_number,
    compared.previous_profile_number,
    compared.is_present,
    compared.was_present,
    compared.linked_by,
    last_run.run_number + 1 as run_number,
    '{{ invocation_id }}' as run_id,
    {{ cdp_now() }} as changed_at
from compared
cross join last_run
where (
    compared.previous_profile_number is null
    or compared.previous_profile_number <> compared.profile_number
    or compared.is_present <> compared.was_present
)
{%- if is_incremental() %}
-- A repeat of this step alone, after it succeeded, has nothing to add.
and last_run.run_number = (
    select coalesce(max(told.run_number), 0) from {{ this }} as told
)
{%- endif %}
