{#- The columns of cdp_profiles whose history is kept: {name: type}. Those that the YAML of
    cdp_profiles, or of a trait model, marks `meta: {cdp_tracked: true}`, and those that
    `cdp_tracked_columns` lists. -#}
{% macro cdp_tracked_columns() -%}
    {%- set documented, tracked = {}, {} -%}
    {%- set makers = ['cdp.cdp_profiles'] + (var('cdp_traits', []) or []) -%}
    {%- for node in (graph.nodes.values() if execute else [])
        if node.resource_type == 'model' and node.package_name ~ '.' ~ node.name in makers -%}
        {%- for column in node.columns.values() -%}
            {%- do documented.update({column.name: column.data_type}) -%}
            {%- if (column.config.meta or column.meta).get('cdp_tracked') -%}
                {%- do tracked.update({column.name: column.data_type}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name in (var('cdp_tracked_columns', []) or [] if execute else []) -%}
        {%- if name not in documented -%}
            {{ exceptions.raise_compiler_error(
                "vars: cdp_tracked_columns lists '" ~ name ~ "', which the YAML of cdp_profiles "
                ~ "and its traits does not document. Document it, or take it out."
            ) }}
        {%- endif -%}
        {%- do tracked.update({name: documented[name]}) -%}
    {%- endfor -%}
    {{ return(tracked) }}
{%- endmacro %}
