-- One row per node_id that links: its connected component, named by its least node.
-- A view over what the materialization keeps; a run pays for the links that changed.
-- Feeds idg_profile_choices.

{{ config(materialized='cdp_components', unlogged=true) }}

select * from {{ ref('idg_link_changes') }}
