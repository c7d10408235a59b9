{#- Fails with the currencies of amounts for which no rate is known, and how many. -#}
{% test cdp_rate_known(model, amount) %}
select
    currency,
    count(*) as amounts
from {{ model }}
where {{ amount }} is not null and {{ amount }}_reporting is null
group by currency
{% endtest %}
