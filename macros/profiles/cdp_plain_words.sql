{#- A text as lower-case words with a space before and after each; whatever denies (no,
    never, isn't) becomes `not`. -#}
{% macro cdp_plain_words(text) -%}
    {%- set words -%}
        ' ' || regexp_replace(
            replace(replace(lower({{ text }}), '''', ''), '’', ''), '[^a-z]+', ' ', 'g'
        ) || ' '
    {%- endset -%}
    regexp_replace(
        {{ words }},
        ' (no|never|isnt|wasnt|arent|dont|doesnt|didnt|cant|cannot|wont|hardly) ',
        ' not ',
        'g'
    )
{%- endmacro %}
