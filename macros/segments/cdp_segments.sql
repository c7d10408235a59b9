{#- The segments that the control panel lists: [{package, name, holdout_pct,
    keeps_excluded, turnover_pct, syncs}]. A listed model that does not exist is dbt's own
    error; one that the file tree has and the list has not is `cdp check`'s. -#}
{% macro cdp_segments() -%}
    {%- set segments = [] -%}
    {%- for entry in var('cdp_segments', []) or [] -%}
        {%- set parts = entry.split('.') -%}
        {%- if parts | length != 2 -%}
            {{ exceptions.raise_compiler_error(
                "cdp_segments[" ~ loop.index0 ~ "] is '" ~ entry ~ "'. Write it as package.model."
            ) }}
        {%- endif -%}
        {%- set meta = cdp_segment_meta(parts[0], parts[1]) -%}
        {%- for key in ('cdp_holdout_pct', 'cdp_turnover_pct')
            if meta.get(key) is not none and meta[key] is not number -%}
            {{ exceptions.raise_compiler_error(
                entry ~ ": " ~ key ~ " is '" ~ meta[key] ~ "'. Use per cent, 0 to 100."
            ) }}
        {%- endfor -%}
        {%- do segments.append({
            'package': parts[0],
            'name': parts[1],
            'holdout_pct': meta.get('cdp_holdout_pct', 0),
            'keeps_excluded': entry in cdp_segment_exclusions()
                or meta.get('cdp_segment_exclusions') is false,
            'turnover_pct': meta.get('cdp_turnover_pct'),
            'syncs': cdp_syncs_of('model.' ~ entry),
        }) -%}
    {%- endfor -%}
    {{ return(segments) }}
{%- endmacro %}

{#- The segments, as package.model, whose people are in no other. -#}
{% macro cdp_segment_exclusions() -%}
    {%- set entries = var('cdp_segment_exclusions', []) or [] -%}
    {%- for entry in entries if entry not in var('cdp_segments', []) -%}
        {{ exceptions.raise_compiler_error(
            "cdp_segment_exclusions names '" ~ entry ~ "', which cdp_segments does not list."
            ~ " Write a list of its entries."
        ) }}
    {%- endfor -%}
    {{ return(entries) }}
{%- endmacro %}

{#- The meta of a segment; empty while dbt still parses. -#}
{% macro cdp_segment_meta(package, name) -%}
    {%- set node = graph.get('nodes', {}).get('model.' ~ package ~ '.' ~ name) -%}
    {{ return((node.config.meta if node else none) or {}) }}
{%- endmacro %}

{#- How many syncs read a model (by its unique id). -#}
{% macro cdp_syncs_of(model) -%}
    {%- set syncs = [] -%}
    {%- for exposure in graph.get('exposures', {}).values() -%}
        {%- set meta = exposure.config.meta or exposure.meta or {} -%}
        {%- if model in exposure.depends_on.nodes and meta.get('cdp_destination') -%}
            {%- do syncs.append(exposure.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(syncs | length) }}
{%- endmacro %}

{#- How many syncs read each segment, as SQL over a column with segment names; null for
    one that is not listed. -#}
{% macro cdp_segment_syncs(segment) -%}
    {{ cdp_said_by(segment, 'syncs', 'cast(null as ' ~ cdp_type('integer') ~ ')') }}
{%- endmacro %}

{#- The share that each listed segment holds out (`cdp_holdout_pct` in its meta, in whole
    per cent; 0 where it says nothing), as SQL over a column with segment names. -#}
{% macro cdp_holdout_pct(segment) -%}
    {{ cdp_said_by(segment, 'holdout_pct', '0') }}
{%- endmacro %}

{#- The share of its people that may leave a segment in a day (`cdp_turnover_pct` in its
    meta, in per cent; null where it says nothing), as SQL over a column with names. -#}
{% macro cdp_turnover_pct(segment) -%}
    {{ cdp_said_by(segment, 'turnover_pct', 'cast(null as ' ~ cdp_type('float') ~ ')') }}
{%- endmacro %}

{#- One entry of cdp_segments() by segment, as SQL; `otherwise` where it says nothing. -#}
{% macro cdp_said_by(segment, key, otherwise) -%}
    {%- set said = [] -%}
    {%- for entry in cdp_segments() if entry[key] is not none -%}
        {%- do said.append(entry) -%}
    {%- endfor -%}
    {%- if not said -%}
        {{ otherwise }}
    {%- else -%}
        case {{ segment }}
        {%- for entry in said %}
            when '{{ entry.name }}' then {{ entry[key] }}
        {%- endfor %}
            else {{ otherwise }}
        end
    {%- endif -%}
{%- endmacro %}
