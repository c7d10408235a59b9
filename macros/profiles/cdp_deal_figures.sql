{#- What deals come to, counted over rows of cdp_pipeline: how many there are, how they end,
    their size and pace. Amounts are in the reporting currency; a deal whose amount cannot
    be told in it counts as a deal, adds to no amount, and is counted besides. -#}
{% macro cdp_deal_figures() -%}
count(*) as deals,
    count(case when is_open then 1 end) as deals_open,
    count(case when is_won then 1 end) as deals_won,
    count(case when is_lost then 1 end) as deals_lost,
    count(amount_problem) as deals_with_amount_problem,
    coalesce(sum(case when is_open then amount_reporting end), 0)
        as open_amount_reporting,
    coalesce(sum(case when is_won then amount_reporting end), 0)
        as won_amount_reporting,
    round(avg(case when is_won then amount_reporting end), 2)
        as mean_won_amount_reporting,
    round(avg(case when is_won then age_days end), 2) as mean_days_to_win
{%- endmacro %}
