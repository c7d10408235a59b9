-- Invariant: by every model the touches of a conversion share its credit, all of it.

{%- set credits = [
    'credit_first', 'credit_last', 'credit_linear', 'credit_time_decay',
    'credit_position',
] %}

with shares as (
    {%- for credit in credits %}
    {%- if not loop.first %}

    union all
    {% endif %}
    select
        conversion_id,
        '{{ credit }}' as model,
        sum({{ credit }}) as credit
    from {{ ref('cdp_attribution') }}
    group by conversion_id
    {%- endfor %}
)

select * from shares
where abs(credit - 1) > 0.000000001
