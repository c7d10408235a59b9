-- One row per checkout that a profile began.

{{ cdp_profiled('carts', [
    'updated_at', 'started_at', 'completed_at', 'value', 'value_reporting',
    'currency', 'line_count', 'url',
]) }}
