-- One row per node_id: its profile, or the last one it had (is_present false), as of
-- this run. Feeds cdp_identity_map and cdp_identity_changes.

{{ cdp_latest_node_profiles('select * from ' ~ ref('idg_node_profiles')) }}
