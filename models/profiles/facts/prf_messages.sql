-- One row per message event of a profile (sent, opened, …), up to now.

{{ cdp_profiled('messages', [
    'occurred_at', 'message_id', 'channel', 'kind', 'campaign_id', 'campaign_name',
    'is_machine',
]) }}
