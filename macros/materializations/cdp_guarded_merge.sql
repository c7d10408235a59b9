{#- Clusters that grow only by what their members agree on. The model selects links: one_id,
    other_id, held_type, amount, most, weight. Between two things amount is the pairs of
    records that speak for them being one, weight all the evidence, negative where it is
    against. A thing's own rows (one_id = other_id) count what it holds: `record`s, and
    values of a held_type of which a cluster may have `most`. The table gets component_id
    and cluster_id, the least of the cluster. -#}
{% materialization cdp_guarded_merge, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do cdp_prepare_session() -%}
    {%- set links, clusters = cdp_helper('links'), cdp_helper('clusters') -%}
    {%- do cdp_create(links, sql) -%}
    {%- do cdp_merge_clusters(links, clusters) -%}
    {%- do adapter.drop_relation(target_relation) -%}
    {% call statement('main') -%}
        {{ create_table_as(False, target_relation, 'select * from ' ~ clusters) }}
    {%- endcall %}
    {%- do adapter.drop_relation(links) -%}
    {%- do adapter.drop_relation(clusters) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
