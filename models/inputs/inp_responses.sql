-- One row per answer to a survey.

{{ cdp_union('responses') }}
