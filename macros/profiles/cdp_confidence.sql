{#- How far a candidate is believed by its rule, 0 to 1, as SQL; the highest survives. Where
    the group declares a half-life, a value loses half its confidence each time that many
    days pass since it was stated; one without a date counts as one half-life old.
      most_recent      1
      source_priority  1, 1/2, 1/4, … down the list
      most_frequent    share of the person's records that agree
      most_complete    share of the group that is filled
      verified_first   1, or 1/2 where not verified
    So a step down the list, or verification, is worth one half-life. -#}
{% macro cdp_confidence(group) -%}
    {%- set freshness = cdp_freshness('observed_at', group.half_life_days) -%}
    {%- set float = cdp_type('float') | trim -%}
    {%- set rules = {
        'most_recent': freshness,
        'source_priority': 'power(0.5, source_rank - 1) * ' ~ freshness,
        'most_frequent': 'sum(' ~ freshness ~ ') over ('
            ~ 'partition by profile_id, party, value_key) / count(*) over ('
            ~ 'partition by profile_id, party)',
        'most_complete': 'cast(filled as ' ~ float ~ ') / fillable * ' ~ freshness,
        'verified_first': '(case when is_verified then 1.0 else 0.5 end) * ' ~ freshness,
    } -%}
    cast({{ rules[group.rule] }} as {{ float }})
{%- endmacro %}

{#- 1 for a value stated today, half after each half-life; always 1 without a half-life. -#}
{% macro cdp_freshness(moment, half_life_days) -%}
    {%- if half_life_days is none -%}
        {{ return('1.0') }}
    {%- endif -%}
    {%- set age = 'greatest(' ~ cdp_days_since(cdp_date(moment)) ~ ', 0)' -%}
    {{ return(
        '(case when ' ~ moment ~ ' is null then 0.5 else power(0.5, ' ~ age ~ ' / '
        ~ half_life_days ~ '.0) end)'
    ) }}
{%- endmacro %}
