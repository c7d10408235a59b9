{#- The segments that the control panel lists: [{package, name, holdout_pct}]. A listed
    model that does not exist is dbt's own error; one that the file tree has and the list
    has not is `cdp check`'s. -#}
{% macro cdp_segments() -%}
    {%- set segments = [] -%}
    {%- for entry in var('cdp_segments', []) or [] -%}
        {%- set parts = entry.split('.') -%}
        {%- if parts | length != 2 -%}
            {{ exceptions.raise_compiler_error(
                "cdp_segments[" ~ loop.index0 ~ "] is '" ~ entry ~ "'. Write it as package.model."
            ) }}
        {%- endif -%}
        {%- do segments.append({
            'package': parts[0],
            'name': parts[1],
            'holdout_pct': cdp_segment_meta(parts[0], parts[1]).get('cdp_holdout_pct', 0),
        }) -%}
    {%- endfor -%}
    {{ return(segments) }}
{%- endmacro %}

{% macro cdp_segment_meta(package, name) -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.resource_type == 'model' and node.name == name
        and node.package_name == package -%}
        {{ return(node.config.meta or {}) }}
    {%- endfor -%}
    {{ return({}) }}
{%- endmacro %}

{#- The share that each listed segment holds out (`cdp_holdout_pct` in its meta, in whole
    per cent; 0 where it says nothing), as SQL over a column with segment names. -#}
{% macro cdp_holdout_pct(segment) -%}
    {%- set held_out = [] -%}
    {%- for entry in cdp_segments() if entry.holdout_pct -%}
        {%- do held_out.append(entry) -%}
    {%- endfor -%}
    {%- if not held_out -%}
        0
    {%- else -%}
        case {{ segment }}
        {%- for entry in held_out %}
            when '{{ entry.name }}' then {{ entry.holdout_pct }}
        {%- endfor %}
            else 0
        end
    {%- endif -%}
{%- endmacro %}
