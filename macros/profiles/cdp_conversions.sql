{#- The conversions that the control panel declares, checked: {name: {kind, contract,
    window_days, half_life_days}}. -#}
{% macro cdp_conversions() -%}
    {%- set conversions = {} -%}
    {%- for name, settings in (var('cdp_conversions', {}) or {}).items() -%}
        {%- set path = 'vars: cdp_conversions.' ~ name -%}
        {%- set given = {'contract': none, 'window_days': 30, 'half_life_days': 7} -%}
        {%- do cdp_check_keys(
            path, (settings or {}).keys(), ['kind', 'contract', 'window_days', 'half_life_days']
        ) -%}
        {%- do given.update(settings or {}) -%}
        {%- if not given.kind -%}
            {{ exceptions.raise_compiler_error(
                path ~ " has no kind. Name a kind of cdp_timeline, as in `kind: order_placed`."
            ) }}
        {%- endif -%}
        {%- if given.contract and given.contract not in cdp_interactions() -%}
            {{ exceptions.raise_compiler_error(
                path ~ ".contract is '" ~ given.contract ~ "'. Use one of: "
                ~ cdp_interactions().keys() | join(', ') ~ "."
            ) }}
        {%- endif -%}
        {%- do cdp_check_positive(path ~ '.window_days', given.window_days) -%}
        {%- do cdp_check_positive(path ~ '.half_life_days', given.half_life_days) -%}
        {%- do conversions.update({name: given}) -%}
    {%- endfor -%}
    {{ return(conversions) }}
{%- endmacro %}

{% macro cdp_check_positive(path, value) -%}
    {%- if value is not number or value <= 0 -%}
        {{ exceptions.raise_compiler_error(
            path ~ " is '" ~ value ~ "'. Use a number above 0."
        ) }}
    {%- endif -%}
{%- endmacro %}

{#- The models of attribution, each a column credit_<model> of cdp_attribution. -#}
{% macro cdp_attribution_models() -%}
    {{ return(['first', 'last', 'linear', 'time_decay', 'position']) }}
{%- endmacro %}

{#- The column of the model by which cdp_campaign_performance counts. -#}
{% macro cdp_attribution_credit() -%}
    {%- set name = var('cdp_attribution_model') -%}
    {%- if name not in cdp_attribution_models() -%}
        {{ exceptions.raise_compiler_error(
            "vars: cdp_attribution_model is '" ~ name ~ "'. Use one of: "
            ~ cdp_attribution_models() | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {{ return('credit_' ~ name) }}
{%- endmacro %}
