{#- Which profiles of a kept table are to be replaced. A profile's print is the sum of the
    hashes of the rows that its rows are made of; those of a model lie in a table beside it,
    and stand for its rows where another model reads it. -#}
{% macro cdp_prints_of(relation) -%}
    {{ return(cdp_kept_relation(relation.identifier ~ '__prints')) }}
{%- endmacro %}

{% macro cdp_changed_profiles() -%}
    {{ return(cdp_kept_relation(this.identifier ~ '__changed')) }}
{%- endmacro %}

{#- Each profile's print, as the tables are now; it changes with the model's SQL, too. -#}
{% macro cdp_prints(inputs, made_of) -%}
    select
        profile_id,
        {{ cdp_row_hash(["'" ~ made_of.signature ~ "'", 'sum(print)']) }} as print
    from (
        {%- for input in inputs %}
        {{ cdp_prints_of_rows(input) }}
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as prints
    where profile_id is not null
    group by profile_id
{%- endmacro %}

{% macro cdp_prints_of_rows(input) -%}
    {%- set node = input.told_by or input.node -%}
    {%- set relation = cdp_relation_of(node) -%}
    {%- set is_printed = 'cdp_of_profiles(' in (node.raw_code or '') -%}
    {%- set hash = 'print' if is_printed else cdp_hash_of_row(node) -%}
    select
        profile_id,
        {{ cdp_row_hash(["'" ~ node.name ~ "'", hash]) }} as print
    {%- if input.of == 'identities' and not input.told_by %}
    from {{ relation }} as content
    inner join {{ ref('cdp_identity_map') }} as identity_map
        on
            content.source = identity_map.source
            and content.identity_key = identity_map.record_id
    {%- else %}
    from {{ cdp_prints_of(relation) if is_printed else relation }} as content
    {%- endif -%}
{%- endmacro %}

{% macro cdp_create_prints(inputs, made_of) -%}
    {%- if inputs -%}
        {%- do cdp_create(cdp_prints_of(this), cdp_prints(inputs, made_of)) -%}
    {%- endif -%}
{%- endmacro %}

{#- Whether at most half of the profiles have changed; then a table of them lies beside. -#}
{% macro cdp_few_profiles_changed(inputs, made_of) -%}
    {%- if not inputs -%}
        {{ return(false) }}
    {%- endif -%}
    {%- do cdp_create(cdp_changed_profiles(), cdp_changed_prints(inputs, made_of)) -%}
    {%- set counts = run_query(
        "select (select count(*) from " ~ cdp_changed_profiles() ~ "), "
        ~ "(select count(*) from " ~ cdp_prints_of(this) ~ ")"
    )[0] -%}
    {%- if 2 * counts[0] > counts[1] -%}
        {%- do adapter.drop_relation(cdp_changed_profiles()) -%}
    {%- endif -%}
    {{ return(2 * counts[0] <= counts[1]) }}
{%- endmacro %}

{% macro cdp_changed_prints(inputs, made_of) -%}
    select
        coalesce(found.profile_id, known.profile_id) as profile_id,
        found.print
    from ({{ cdp_prints(inputs, made_of) }}) as found
    full outer join {{ cdp_prints_of(this) }} as known
        on found.profile_id = known.profile_id
    where found.print is distinct from known.print
{%- endmacro %}

{#- Replace the changed profiles' rows, and their prints; the transaction stays open. -#}
{% macro cdp_replace_changed_profiles(sql, inputs) -%}
    {%- set changed, prints = cdp_changed_profiles(), cdp_prints_of(this) -%}
    {%- set columns = get_quoted_csv(adapter.get_columns_in_relation(this) | map(attribute='name')) -%}
    {%- for relation in [this, prints] -%}
        {% call statement() -%}
            delete from {{ relation }} where profile_id in (select profile_id from {{ changed }})
        {%- endcall %}
    {%- endfor -%}
    {% call statement('main') -%}
        insert into {{ this }} ({{ columns }})
        select {{ columns }} from ({{ cdp_for_changed_profiles(sql, inputs) }}) as changed_rows
    {%- endcall %}
    {% call statement() -%}
        insert into {{ prints }} (profile_id, print)
        select profile_id, print from {{ changed }} where print is not null
    {%- endcall %}
    {%- do adapter.drop_relation(changed) -%}
{%- endmacro %}

{#- The model's SQL over the changed profiles' rows alone. -#}
{% macro cdp_for_changed_profiles(sql, inputs) -%}
    {%- set changed = 'select profile_id from ' ~ cdp_changed_profiles() -%}
    {%- set limited = namespace(sql=sql) -%}
    {%- for input in inputs -%}
        {%- set condition -%}
            {%- if input.of == 'profiles' -%}
                profile_id in ({{ changed }})
            {%- else -%}
                (source, identity_key) in (
                    select source, record_id from {{ ref('cdp_identity_map') }}
                    where profile_id in ({{ changed }})
                )
            {%- endif -%}
        {%- endset -%}
        {%- set limited.sql = limited.sql | replace(
            input.marked,
            '(select * from ' ~ input.relation ~ ' where ' ~ condition ~ ') as ' ~ input.alias,
        ) -%}
    {%- endfor -%}
    {{ return(limited.sql) }}
{%- endmacro %}
