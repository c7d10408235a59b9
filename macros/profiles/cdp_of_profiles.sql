{#- A table as a kept model reads it (macros/materializations/cdp_kept.sql): its own rows of a
    profile are made of the profile's rows there. `alias` is for a join. -#}
{% macro cdp_of_profiles(relation, alias=none) -%}
    {{ return(relation ~ (' as ' ~ alias if alias) ~ ' /* of profiles */') }}
{%- endmacro %}

{#- The same for rows that name an identity key, and no profile: cdp_identity_map does.
    `told_by`: a smaller table of profiles whose rows change when theirs do. -#}
{% macro cdp_of_identities(relation, told_by=none) -%}
    {{ return(relation ~ ' /* of identities' ~ (', told by ' ~ told_by if told_by) ~ ' */') }}
{%- endmacro %}
