-- One row per node_id that an earlier run gave a profile: the last one it had, and
-- whether the node was still there (is_present). Feeds idg_profile_choices.
-- Read anew whenever the components are, however little of the graph a run selects.
-- depends_on: {{ ref('idg_components') }}

{{ cdp_latest_node_profiles(cdp_state_rows('idg_node_profiles', {
    'node_id': 'integer', 'profile_number': 'integer', 'is_present': 'boolean',
    'run_number': 'integer',
})) }}
