-- One row per support ticket.

{{ cdp_union('tickets') }}
