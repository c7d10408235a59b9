-- One row per change of consent or preference.

{{ cdp_union('consents') }}
