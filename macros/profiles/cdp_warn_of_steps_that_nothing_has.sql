{#- Says at the run which steps of funnels, and which conversions, are of a kind that no
    interaction has: nobody comes to them. What the seed cdp_event_names calls an event is
    no slip of the pen: it may be that nobody has done it yet. -#}
{% macro cdp_warn_of_steps_that_nothing_has(interactions, event_names) -%}
    {%- if execute and flags.WHICH in ('run', 'build') and model.resource_type == 'model' -%}
        {%- set found = {} -%}
        {%- for row in run_query('select distinct contract, kind from ' ~ interactions).rows -%}
            {%- do found.setdefault(row[0], []).append(row[1]) -%}
        {%- endfor -%}
        {%- set all_found = found.values() | sum(start=[]) -%}
        {%- set named = run_query('select distinct event_name from ' ~ event_names) -%}
        {%- set known = all_found + named.columns[0].values() | list -%}
        {%- for name, funnel in cdp_funnels().items() -%}
            {%- set absent = funnel.steps | reject('in', known) | list -%}
            {%- if absent -%}
                {%- do exceptions.warn(
                    "vars: cdp_funnels." ~ name ~ ": " ~ absent | length ~ " of "
                    ~ funnel.steps | length ~ " steps (" ~ absent | join(', ')
                    ~ ") are of a kind that no interaction on cdp_timeline has; the funnel is "
                    ~ "published without figures. Correct the name, or take the step out."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name, settings in cdp_conversions().items() -%}
            {%- set kinds = found.get(settings.contract, []) if settings.contract else all_found -%}
            {%- if kinds and settings.kind not in kinds -%}
                {%- do exceptions.warn(
                    "vars: cdp_conversions." ~ name ~ ".kind is '" ~ settings.kind ~ "', which "
                    ~ "no interaction" ~ (' of ' ~ settings.contract if settings.contract else '')
                    ~ " on cdp_timeline has: it counts 0 conversions. Correct the name."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
