{#- Fails with the combinations of `columns` that more than one row has. -#}
{% test cdp_unique_together(model, columns) %}
select
    {{ columns | join(',\n    ') }},
    count(*) as copies
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
