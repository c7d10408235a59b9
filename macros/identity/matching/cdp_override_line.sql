{#- The line of the seed cdp_identity_overrides that decides of two records, as CSV:
    override_id,action,one_type,one_value,other_type,other_value,decided_by,decided_at,reason.
    It may be added as it is; decided_by and reason are better told by who decides. -#}
{% macro cdp_override_line(action, one, other) -%}
    {%- set reason = 'one person' if action == 'force_link' else 'two people' -%}
    'review ' || one.node_id || '-' || other.node_id || ',{{ action }},record,"'
        || replace({{ one }}, '"', '""') || '",record,"' || replace({{ other }}, '"', '""')
        || '",review,' || cast(cast({{ cdp_now() }} as date) as {{ cdp_type('text') }})
        || ',{{ reason }}'
{%- endmacro %}
