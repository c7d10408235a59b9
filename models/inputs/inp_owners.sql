-- One row per employee of ours who looks after records of a source.

{{ cdp_union('owners') }}
