{#- Says at the run which steps of funnels, and which conversions, are of a kind that no
    interaction has: nobody comes to them. -#}
{% macro cdp_warn_of_steps_that_nothing_has(timeline) -%}
    {%- if execute and flags.WHICH in ('run', 'build') and model.resource_type == 'model' -%}
        {%- set found = run_query('select distinct kind from ' ~ timeline).columns[0].values() -%}
        {%- for name, funnel in cdp_funnels().items() -%}
            {%- set absent = funnel.steps | reject('in', found) | list -%}
            {%- if absent -%}
                {%- do exceptions.warn(
                    "vars: cdp_funnels." ~ name ~ ": " ~ absent | length ~ " of "
                    ~ funnel.steps | length ~ " steps (" ~ absent | join(', ')
                    ~ ") are of a kind that no interaction on cdp_timeline has; the funnel is "
                    ~ "published without figures. Correct the name, or take the step out."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name, settings in cdp_conversions().items() if settings.kind not in found -%}
            {%- do exceptions.warn(
                "vars: cdp_conversions." ~ name ~ ".kind is '" ~ settings.kind ~ "', which no "
                ~ "interaction on cdp_timeline has: it counts 0 conversions. Correct the name."
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
