-- One row per company record of a source.

with accounts as (
    {{ cdp_union('accounts') }}
)

{{ cdp_with_country('accounts', 'accounts') }}
