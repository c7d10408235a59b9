{#- Text in Unicode form NFKC. DuckDB has NFC alone: there we fold the full-width forms
    of ASCII ourselves, which is what NFKC changes in an address in practice. -#}
{% macro cdp_nfkc(column) -%}
    {{ return(adapter.dispatch('cdp_nfkc', 'cdp')(column)) }}
{%- endmacro %}

{% macro default__cdp_nfkc(column) -%}
    normalize({{ column }}, nfkc)
{%- endmacro %}

{% macro duckdb__cdp_nfkc(column) -%}
    {%- set ascii = [] -%}
    {%- set wide = [] -%}
    {%- for code in range(33, 127) if code not in (34, 39) -%}
        {%- do ascii.append("%c" | format(code)) -%}
        {%- do wide.append("%c" | format(code + 65248)) -%}
    {%- endfor -%}
    case
        when length({{ column }}) = strlen({{ column }}) then {{ column }}
        else translate(nfc_normalize({{ column }}), '{{ wide | join }}', '{{ ascii | join }}')
    end
{%- endmacro %}
