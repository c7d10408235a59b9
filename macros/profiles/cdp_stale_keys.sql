{#- The days, or profiles, of which an incremental table no longer agrees with what it is
    made of: `found` has a fingerprint for each row as it is now, the table for each of its
    own. Fingerprints add up, so a day agrees when they cancel out; rows that are late,
    changed, deleted, of a future that has come, or of somebody else leave a difference. -#}
{% macro cdp_stale_keys(found, keys) -%}
    select {{ keys | join(', ') }}
    from (
        select {{ keys | join(', ') }}, fingerprint from {{ found }}
        union all
        select {{ keys | join(', ') }}, -fingerprint from {{ this }}
    ) as found_and_kept
    group by {{ keys | join(', ') }}
    having sum(fingerprint) <> 0
{%- endmacro %}

{#- Whether a row of a contract belongs to somebody and has happened, at the moment `at`. -#}
{% macro cdp_has_happened(at='occurred_at') -%}
    (
        not coalesce(is_deleted, false)
        and identity_key is not null
        and {{ cdp_has_come(at) }}
    )
{%- endmacro %}
