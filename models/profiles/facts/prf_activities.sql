-- One row per call, meeting, task or note with a profile, up to now.

{{ cdp_profiled('activities', [
    'occurred_at', 'kind', 'status', 'due_at', 'done_at', 'owner_id', 'direction',
    'outcome',
]) }}
