{#- A folded street and number, with the words that people shorten shortened. -#}
{% macro cdp_street(column) -%}
    {%- set shortened = namespace(sql="' ' || " ~ column ~ " || ' '") -%}
    {%- for word, short in {
        ' street ': ' st ', ' avenue ': ' ave ', ' road ': ' rd ', ' drive ': ' dr ',
        ' lane ': ' ln ', ' boulevard ': ' blvd ', ' court ': ' ct ', ' place ': ' pl ',
        ' square ': ' sq ', ' apartment ': ' apt ', 'strasse ': 'str ',
    }.items() -%}
        {%- set shortened.sql = "replace(" ~ shortened.sql ~ ", '" ~ word ~ "', '" ~ short ~ "')" -%}
    {%- endfor -%}
    trim({{ shortened.sql }})
{%- endmacro %}
