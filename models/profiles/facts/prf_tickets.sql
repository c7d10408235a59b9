-- One row per support ticket of a profile, as it stands.

{{ cdp_profiled('tickets', [
    'updated_at', 'opened_at', 'first_response_at', 'solved_at', 'reopened_count',
    'status', 'priority', 'channel', 'category', 'satisfaction',
]) }}
