{#- A company's name in the form in which companies are compared: folded, without the legal
    form at its end. `Acme, Inc.` and `ACME` are `acme`. -#}
{% macro cdp_company_name(column) -%}
    regexp_replace(
        {{ cdp_fold(column) }},
        '( (inc|incorporated|llc|llp|ltd|limited|plc|corp|corporation|co|company|gmbh|mbh|ag|kg|ohg|se|sa|sas|sarl|srl|spa|bv|nv|ab|oy|as|aps|pty|kk))+$',
        ''
    )
{%- endmacro %}
