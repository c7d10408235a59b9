{#- What kept tables were made of, in cdp_kept_tables: a row for each, with the signature of
    its SQL and of what it reads; and, for the length of a run, the versions of other tables
    that kept ones read (signature null). A version changes with what is in a table. -#}
{% macro cdp_kept_tables() -%}
    {{ return(cdp_kept_relation('cdp_kept_tables')) }}
{%- endmacro %}

{#- A table of a kept model beside the models' own. -#}
{% macro cdp_kept_relation(name) -%}
    {{ return(api.Relation.create(
        database=target.database, schema=generate_schema_name('cdp_internal', none) | trim,
        identifier=name, type='table',
    )) }}
{%- endmacro %}

{#- Before every run. -#}
{% macro cdp_prepare_kept_tables() -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set text = cdp_type('text') -%}
        {%- do adapter.create_schema(cdp_kept_tables()) -%}
        {%- do run_query(
            "create table if not exists " ~ cdp_kept_tables() ~ " (relation " ~ text
            ~ ", signature " ~ text ~ ", rows_of " ~ text ~ ", version " ~ text
            ~ ", run_id " ~ text ~ ")"
        ) -%}
        {%- do run_query("delete from " ~ cdp_kept_tables() ~ " where signature is null") -%}
        {%- do adapter.commit_if_has_connection() if adapter.commit_if_has_connection is defined -%}
    {%- endif -%}
{%- endmacro %}

{#- What the model reads: {mine: [{node, relation, alias, of, marked, told_by}], others:
    [node]}. `mine` is read by profile: `of` profiles or identities, `marked` so in the SQL;
    where another table tells of its changes, that is the node told_by. -#}
{% macro cdp_kept_inputs(sql) -%}
    {%- set nodes, mine, tellers, others = [], [], [], [] -%}
    {%- for id in model.depends_on.nodes -%}
        {%- do nodes.append(graph.nodes.get(id) or graph.sources[id]) -%}
    {%- endfor -%}
    {%- for node in nodes -%}
        {%- set relation = cdp_relation_of(node) -%}
        {%- for of, told_by, marked in cdp_marks(node, relation, nodes) if marked in sql -%}
            {%- do mine.append({
                'node': node, 'relation': relation, 'alias': node.name, 'of': of,
                'marked': marked, 'told_by': told_by,
            }) -%}
            {%- do tellers.append(told_by) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- set told = tellers + mine | map(attribute='node') | list -%}
    {%- for node in nodes if node not in told and cdp_relation_of(node) | string in sql -%}
        {%- do others.append(node) -%}
    {%- endfor -%}
    {{ return({'mine': mine, 'others': others}) }}
{%- endmacro %}

{#- [(of, told_by, text)]: how a relation may be marked in SQL. -#}
{% macro cdp_marks(node, relation, nodes) -%}
    {%- set marks = [
        ('profiles', none, cdp_of_profiles(relation)),
        ('profiles', none, cdp_of_profiles(relation, node.name)),
        ('identities', none, cdp_of_identities(relation)),
    ] -%}
    {%- for teller in nodes -%}
        {%- do marks.append(
            ('identities', teller, cdp_of_identities(relation, cdp_relation_of(teller)))
        ) -%}
    {%- endfor -%}
    {{ return(marks) }}
{%- endmacro %}

{#- As the model reads it; what just its views read, by name. -#}
{% macro cdp_relation_of(node) -%}
    {%- if node.unique_id not in model.depends_on.nodes -%}
        {{ return(node.relation_name) }}
    {%- endif -%}
    {%- if node.resource_type == 'source' -%}
        {{ return(source(node.source_name, node.name)) }}
    {%- endif -%}
    {{ return(ref(node.package_name, node.name)) }}
{%- endmacro %}

{#- {relation: {version, …}} of the model, and of each node: a kept table's is what it wrote
    down, another's is found once a run. -#}
{% macro cdp_versions(nodes) -%}
    {%- set versions = {} -%}
    {%- set rows = run_query(
        "select relation, version, signature, rows_of from " ~ cdp_kept_tables()
        ~ " where signature is not null or run_id = '" ~ invocation_id ~ "'"
    ) -%}
    {%- for row in rows -%}
        {%- do versions.update({
            row[0]: {'version': row[1], 'signature': row[2], 'rows_of': row[3]}
        }) -%}
    {%- endfor -%}
    {%- for node in nodes -%}
        {%- do cdp_find_version(node, versions) -%}
    {%- endfor -%}
    {{ return(versions) }}
{%- endmacro %}

{% macro cdp_find_version(node, versions) -%}
    {%- set relation = cdp_relation_of(node) -%}
    {%- if relation | string not in versions -%}
        {%- if node.config.materialized == 'view' -%}
            {%- set version = cdp_view_version(node, versions) -%}
        {%- else -%}
            {%- set version = cdp_content_version(relation, node) -%}
        {%- endif -%}
        {%- do versions.update({relation | string: {'version': version}}) -%}
        {% call statement() -%}
            insert into {{ cdp_kept_tables() }} (relation, version, run_id) values (
                {{ dbt.string_literal(relation | string) }}, '{{ version }}', '{{ invocation_id }}'
            )
        {%- endcall %}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}

{#- A view is what it says, of the tables that it reads. -#}
{% macro cdp_view_version(node, versions) -%}
    {%- set read = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- set input = graph.nodes.get(id) or graph.sources[id] -%}
        {%- do cdp_find_version(input, versions) -%}
        {%- do read.append(input) -%}
    {%- endfor -%}
    {{ return(local_md5(cdp_view_definition(node) ~ cdp_joined_versions(read, versions))) }}
{%- endmacro %}

{#- How many rows there are, and the sum of their hashes. -#}
{% macro cdp_content_version(relation, node=none) -%}
    {%- set rows = run_query(
        "select count(*), cast(sum(" ~ cdp_hash_of_row(node) ~ ") as numeric(38, 0)) from "
        ~ relation ~ " as content"
    ) -%}
    {{ return(rows[0][0] ~ ':' ~ rows[0][1]) }}
{%- endmacro %}

{#- A number that changes when a row, called `content`, does. A row of an input contract
    also changes when one of its moments comes. -#}
{% macro cdp_hash_of_row(node) -%}
    {%- if node and 'fingerprint' in node.columns -%}
        {{ return('fingerprint') }}
    {%- endif -%}
    {%- set contract = node.name | replace('inp_', '') if node else none -%}
    {%- if contract not in cdp_contracts() -%}
        {{ return(cdp_row_hash(['content'])) }}
    {%- endif -%}
    {%- set parts = ['row_hash'] -%}
    {%- for name, type in cdp_contract(contract).items() if type == 'timestamp' -%}
        {%- do parts.append(cdp_has_come(name)) -%}
    {%- endfor -%}
    {{ return(cdp_row_hash(parts)) }}
{%- endmacro %}

{% macro cdp_joined_versions(nodes, versions) -%}
    {%- set parts = [] -%}
    {%- for node in nodes -%}
        {%- do parts.append(node.unique_id ~ '=' ~ versions[cdp_relation_of(node) | string].version) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | join(' '))) }}
{%- endmacro %}

{% macro cdp_kept_signature(sql, others, versions) -%}
    {%- set timeless = sql | replace(cdp_has_come(''), '') -%}
    {{ return(local_md5(timeless ~ cdp_joined_versions(others, versions))) }}
{%- endmacro %}

{% macro cdp_forget() -%}
    {% call statement() -%}
        delete from {{ cdp_kept_tables() }}
        where relation = {{ dbt.string_literal(this | string) }}
    {%- endcall %}
{%- endmacro %}

{% macro cdp_remember(made_of, version) -%}
    {%- do cdp_forget() -%}
    {% call statement() -%}
        insert into {{ cdp_kept_tables() }} (relation, signature, rows_of, version, run_id)
        values (
            {{ dbt.string_literal(this | string) }}, '{{ made_of.signature }}',
            '{{ made_of.rows_of }}', '{{ version }}', '{{ invocation_id }}'
        )
    {%- endcall %}
{%- endmacro %}
