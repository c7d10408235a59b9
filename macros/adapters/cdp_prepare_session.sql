{#- Settings that a loop over large joins needs, for the running transaction. -#}
{% macro cdp_prepare_session() -%}
    {{ return(adapter.dispatch('cdp_prepare_session', 'cdp')()) }}
{%- endmacro %}

{% macro default__cdp_prepare_session() -%}
{%- endmacro %}

{% macro postgres__cdp_prepare_session() -%}
    {%- do run_query("set local work_mem = '256MB'") -%}
    {%- do run_query('set local jit = off') -%}
{%- endmacro %}
