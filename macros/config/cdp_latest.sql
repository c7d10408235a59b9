{#- Of rows that a connector delivered more than once, the one that changed last.
    `relation`: a CTE over cdp_source; `keys`: what names a record within its schema;
    `order_by`: what tells the later delivery, most telling first (nulls lose). Name
    columns until rows alike in all of them are alike in full: then re-runs agree. -#}
{% macro cdp_latest(relation, keys, order_by) -%}
    {%- set newest_first = [] -%}
    {%- for column in order_by -%}
        {%- do newest_first.append(column ~ ' desc nulls last') -%}
    {%- endfor -%}
    select *
    from (
        select
            *,
            row_number() over (
                partition by _source, {{ keys | join(', ') }}
                order by {{ newest_first | join(', ') }}
            ) as delivery_rank
        from {{ relation }}
    ) as deliveries
    where delivery_rank = 1
{%- endmacro %}
