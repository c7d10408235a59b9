{#- Whether two folded given names may be one, with a slip of the keyboard inside: from five
    letters on. Slips in the first or the last letter are not forgiven: Mario and Maria,
    Jim and Tim are different people. -#}
{% macro cdp_may_be_one_name(name, other) -%}
    (
        left({{ name }}, 1) = left({{ other }}, 1)
        and right({{ name }}, 1) = right({{ other }}, 1)
        and greatest(length({{ name }}), length({{ other }})) >= 5
        and {{ cdp_is_one_slip(name, other) }}
    )
{%- endmacro %}
