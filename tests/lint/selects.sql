{#- What the macros that make whole selects stand for when SQL is linted. -#}
{% macro cdp_source(source_name, table_name) -%}
select * from {{ source_name }}_{{ table_name }}
{%- endmacro %}
{% macro cdp_latest(relation, keys, order_by) -%}
select * from {{ relation }}
{%- endmacro %}
{% macro cdp_emit(contract, relation, columns) -%}
select * from {{ relation }}
{%- endmacro %}
{% macro cdp_union(contract) -%}
select * from {{ contract }}
{%- endmacro %}
{% macro cdp_with_reporting(relation, amount, day) -%}
select * from {{ relation }}
{%- endmacro %}
{% macro cdp_with_country(relation, contract) -%}
select * from {{ relation }}
{%- endmacro %}
{% macro cdp_profiled(contract, columns, until_now=true) -%}
select * from {{ contract }}
{%- endmacro %}
{% macro cdp_stays() -%}
select * from {{ varargs[0] }}
{%- endmacro %}
{% macro cdp_state_rows(model, columns) -%}
select * from {{ model }}
{%- endmacro %}
{% macro cdp_latest_node_profiles(rows) -%}
select * from profiles
{%- endmacro %}
{% macro cdp_override_sides(overrides) -%}
select * from {{ overrides }}
{%- endmacro %}
