{#- Stops the run where two overrides contradict each other: what one parts, another
    links, be it through links in between. Names the rows, never what they hold. -#}
{% macro cdp_check_overrides(overrides) -%}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- set sides = '(' ~ cdp_override_sides(overrides) ~ ')' -%}
        {%- set rows = run_query(
            'select one.override_id, one.action, '
            ~ "one.identifier_type || ':' || one.identifier_value, "
            ~ "other.identifier_type || ':' || other.identifier_value "
            ~ 'from ' ~ sides ~ ' as one inner join ' ~ sides ~ ' as other '
            ~ "on one.override_id = other.override_id and one.side <> other.side "
            ~ "where one.side = 'one' order by one.override_id"
        ).rows -%}
        {%- set contradiction = cdp_find_contradiction(rows) -%}
        {%- if contradiction -%}
            {{ exceptions.raise_compiler_error(
                overrides.identifier ~ ": " ~ contradiction ~ " Nothing was published."
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- The first contradiction among rows of (override_id, action, one side, other side), as a
    sentence; none: ''. Links join groups of sides, the smaller into the larger, and each
    side that moves is looked up among those that were parted. -#}
{% macro cdp_find_contradiction(rows) -%}
    {%- set found, group_of, members, parted_from = [], {}, {}, {} -%}
    {%- for id, action, one, other in rows -%}
        {%- for side, opposite in [(one, other), (other, one)] -%}
            {%- do group_of.update({side: side}) -%}
            {%- do members.update({side: [side]}) -%}
            {%- if action == 'force_unlink' -%}
                {%- do parted_from.setdefault(side, []).append((opposite, id)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if action == 'force_unlink' and one == other -%}
            {%- do found.append("the row '" ~ id ~ "' parts something from itself. Take it out.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for id, action, one, other in rows
        if action == 'force_link' and group_of[one] != group_of[other] -%}
        {%- set larger, smaller = group_of[one], group_of[other] -%}
        {%- if members[larger] | length < members[smaller] | length -%}
            {%- set larger, smaller = smaller, larger -%}
        {%- endif -%}
        {%- for side in members[smaller] -%}
            {%- for opposite, parting in parted_from.get(side, [])
                if group_of[opposite] == larger -%}
                {%- do found.append(
                    "the rows '" ~ parting ~ "' and '" ~ id ~ "' contradict each other: the one "
                    ~ "parts what the other links, alone or with links before it. Take one out."
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for side in members[smaller] -%}
            {%- do group_of.update({side: larger}) -%}
            {%- do members[larger].append(side) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found | first | default('')) }}
{%- endmacro %}
