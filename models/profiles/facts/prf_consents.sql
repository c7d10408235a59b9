-- One row per consent or preference change of a profile, up to now.

{{ cdp_profiled('consents', [
    'occurred_at', 'purpose', 'channel', 'status', 'legal_basis', 'jurisdiction',
    'wording_version',
]) }}
