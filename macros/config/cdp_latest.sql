{#- Of rows that a connector delivered more than once, the one that changed last.
    `relation`: a CTE over cdp_source; `keys`: what names a record within its schema;
    `order_by`: what tells the later delivery, most telling first (nulls lose); ties are
    broken by the row's content, so that re-runs agree. Only keys that repeat are sorted:
    on a table without duplicates this costs one narrow aggregation. -#}
{% macro cdp_latest(relation, keys, order_by) -%}
    {%- set names = ['_source'] + keys -%}
    {%- set same_key = [] -%}
    {%- for name in names -%}
        {%- do same_key.append(relation ~ '.' ~ name ~ ' = repeated.' ~ name) -%}
    {%- endfor -%}
    with repeated as (
        select {{ names | join(', ') }}
        from {{ relation }}
        group by {{ names | join(', ') }}
        having count(*) > 1
    ),

    ranked as (
        select
            {{ relation }}.*,
            row_number() over (
                partition by {{ relation }}.{{ names | join(', ' ~ relation ~ '.') }}
                order by
                    {%- for name in order_by %}
                    {{ relation }}.{{ name }} desc nulls last,
                    {%- endfor %}
                    {{ cdp.cdp_row_text(relation) }}
            ) as delivery_rank
        from {{ relation }}
        inner join repeated on {{ same_key | join(' and ') }}
    )

    select
        {{ relation }}.*,
        1 as delivery_rank
    from {{ relation }}
    left join repeated on {{ same_key | join(' and ') }}
    where repeated._source is null
    union all
    select * from ranked
    where delivery_rank = 1
{%- endmacro %}
