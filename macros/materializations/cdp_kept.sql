{#- A table that is kept while nothing that it is made of has changed: neither its SQL nor
    what is in the tables that it reads. The clock is part of the SQL, by the day (cdp_today)
    or by the second (cdp_now); what just asks whether a moment has come (cdp_has_come)
    goes by the rows.

    A model that reads `from {{ cdp_of_profiles(ref('…')) }}` promises that a profile's
    rows are made of that profile's rows there (with cdp_of_identities: of the rows of its
    identity keys), and of what it reads otherwise. Where just such tables have changed, it
    replaces the profiles whose rows there have. A run with --full-refresh builds all anew.

    What a table was made of stands in cdp_kept_tables (cdp_versions.sql), written with
    the table or after it: a run that dies leaves a table that is known to be whole, or one
    that the next run builds anew. -#}
{% materialization cdp_kept, default %}
    {%- set inputs = cdp_kept_inputs(sql) -%}
    {%- set mine = [] -%}
    {%- for input in inputs.mine -%}
        {%- do mine.append(input.told_by or input.node) -%}
    {%- endfor -%}
    {%- set versions = cdp_versions(mine + inputs.others) -%}
    {%- set made_of = {
        'signature': cdp_kept_signature(sql, inputs.others, versions),
        'rows_of': cdp_joined_versions(mine, versions),
    } -%}
    {%- set known = versions[this | string] -%}
    {%- set standing = load_relation(this) -%}
    {%- set can_be_kept = (
        known and known.signature == made_of.signature
        and standing is not none and standing.is_table and not should_full_refresh()
    ) -%}

    {%- if can_be_kept and known.rows_of == made_of.rows_of -%}
        {%- call noop_statement('main', 'KEPT') -%}{%- endcall -%}
    {%- elif can_be_kept and cdp_few_profiles_changed(inputs.mine, made_of) -%}
        {{ run_hooks(pre_hooks, inside_transaction=False) }}
        {{ run_hooks(pre_hooks, inside_transaction=True) }}
        {%- do cdp_replace_changed_profiles(sql, inputs.mine) -%}
        {%- do cdp_remember(made_of, invocation_id) -%}
        {{ run_hooks(post_hooks, inside_transaction=True) }}
        {%- do adapter.commit() -%}
        {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- else -%}
        {%- do cdp_forget() -%}
        {%- do cdp_build_table() -%}
        {%- do cdp_create_prints(inputs.mine, made_of) -%}
        {%- do cdp_remember(
            made_of, invocation_id if inputs.mine else cdp_content_version(this)
        ) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
