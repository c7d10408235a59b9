{#- Run after every build: node, status and time into cdp_state.cdp_build_runs, so that a
    later process knows which parents are fresh. Names and states only. -#}
{% macro cdp_record_run(results) -%}
    {%- if execute and flags.WHICH in ('build', 'run', 'seed', 'test') and results -%}
        {%- set table = api.Relation.create(
            database=target.database, schema=cdp_state_schema(), identifier='cdp_build_runs'
        ) -%}
        {%- do adapter.create_schema(table) -%}
        {%- set text, time = cdp_type('text'), cdp_type('timestamp') -%}
        {%- do run_query(
            "create table if not exists " ~ table ~ " (run_id " ~ text ~ ", node " ~ text
            ~ ", resource_type " ~ text ~ ", status " ~ text ~ ", finished_at " ~ time ~ ")"
        ) -%}
        {%- set rows = [] -%}
        {%- for result in results -%}
            {%- do rows.append(
                "(" ~ dbt.string_literal(invocation_id) ~ ", "
                ~ dbt.string_literal(result.node.unique_id) ~ ", "
                ~ dbt.string_literal(result.node.resource_type) ~ ", "
                ~ dbt.string_literal(result.status) ~ ", "
                ~ "cast('" ~ modules.datetime.datetime.now(modules.pytz.utc).strftime('%Y-%m-%d %H:%M:%S.%f')
                ~ "' as " ~ time ~ "))"
            ) -%}
        {%- endfor -%}
        {%- for batch in rows | batch(500) -%}
            {%- do run_query("insert into " ~ table ~ " values " ~ batch | join(", ")) -%}
        {%- endfor -%}
        {%- do adapter.commit_if_has_connection() if adapter.commit_if_has_connection is defined -%}
    {%- endif -%}
{%- endmacro %}
