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
{% macro cdp_with_reporting(relation, amount, day, may_be_negative=false) -%}
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
{% macro cdp_input_columns(contract) -%}
{{ return({'record_id': 'text'}) }}
{%- endmacro %}
{% macro cdp_interaction_rows(contract) -%}
refunds_of_orders
{%- endmacro %}
{% macro cdp_stale_keys(found, keys) -%}
select * from {{ found }}
{%- endmacro %}
{% macro cdp_interactions() -%}
{{ return({'orders': {'kind': 'kind', 'summary': 'summary'}}) }}
{%- endmacro %}
{% macro cdp_points(rules, subjects, key, columns) -%}
select * from {{ subjects }}
{%- endmacro %}
{% macro cdp_check_points() -%}
{%- endmacro %}
{% macro cdp_numbers(count) -%}
select * from generated_numbers
{%- endmacro %}
{% macro cdp_identity_map_as_of(moment) -%}
select * from idg_record_profiles
{%- endmacro %}
{% macro cdp_conversions() -%}
{{ return({'order': {'kind': 'order_placed', 'contract': 'orders', 'window_days': 30, 'half_life_days': 7}}) }}
{%- endmacro %}
{% macro cdp_funnels() -%}
{{ return({'purchase': {'steps': ['one'], 'window_days': 7, 'period_days': 90}}) }}
{%- endmacro %}
{% macro cdp_funnel_people(funnel, interactions) -%}
select * from {{ interactions }}
{%- endmacro %}
{% macro cdp_attribution_models() -%}
{{ return(['last']) }}
{%- endmacro %}
