{#- One of the reference seeds, as the control panel's `cdp_reference` names it: a host
    project may put its own seed in the place of ours. -#}
{% macro cdp_reference(name) -%}
    {%- set seeds = var('cdp_reference', {}) or {} -%}
    {%- if name not in seeds -%}
        {{ exceptions.raise_compiler_error(
            "vars: cdp_reference has no '" ~ name ~ "'. It has: "
            ~ seeds.keys() | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {%- set parts = seeds[name].split('.') -%}
    {{ return(ref(parts[0], parts[1])) }}
{%- endmacro %}
