-- One row per component_id of person records: the cluster of components that are one
-- person, named by its least component. Guarded merge, not components of pairs: one
-- doubtful pair must not join two families.

{{ config(enabled=cdp_matches_people(), materialized='cdp_guarded_merge') }}

select * from {{ ref('idg_match_links') }}
