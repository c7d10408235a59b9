-- One row per stage change of a deal that a profile is part of, up to now.

{{ cdp_profiled('opportunities', [
    'occurred_at', 'opportunity_id', 'account_id', 'stage', 'amount', 'currency',
    'close_date', 'created_at', 'owner_id', 'is_closed', 'is_won',
]) }}
