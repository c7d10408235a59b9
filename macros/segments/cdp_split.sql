{#- 'control' for the share of people that a segment holds out, else 'treatment'. By a hash
    of the segment's name and profile_id: stable from run to run, independent from segment
    to segment, and the larger share always contains the smaller one. `holdout_pct` is
    whole per cent, 0 to 100. -#}
{% macro cdp_split(segment, profile_id, holdout_pct) -%}
    case
        when {{ cdp_hash_bucket("concat(" ~ segment ~ ", '|', " ~ profile_id ~ ")", 10000) }}
            < {{ holdout_pct }} * 100
            then 'control'
        else 'treatment'
    end
{%- endmacro %}
