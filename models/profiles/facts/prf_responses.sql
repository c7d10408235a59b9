-- One row per survey answer of a profile, up to now.

{{ cdp_profiled('responses', [
    'occurred_at', 'instrument', 'score', 'max_score', 'ticket_id',
]) }}
