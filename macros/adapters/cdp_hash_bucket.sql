{#- A text's bucket, 0 to `buckets` - 1, by the first 32 bits of its md5: the same on every
    warehouse. -#}
{% macro cdp_hash_bucket(text, buckets) -%}
    {{ return(adapter.dispatch('cdp_hash_bucket', 'cdp')(text, buckets)) }}
{%- endmacro %}

{% macro default__cdp_hash_bucket(text, buckets) -%}
    mod(
        cast(cast(concat('x', left(md5({{ text }}), 8)) as bit(32)) as bigint), {{ buckets }}
    )
{%- endmacro %}

{% macro duckdb__cdp_hash_bucket(text, buckets) -%}
    (cast(concat('0x', left(md5({{ text }}), 8)) as bigint) % {{ buckets }})
{%- endmacro %}

{% macro spark__cdp_hash_bucket(text, buckets) -%}
    mod(cast(conv(left(md5({{ text }}), 8), 16, 10) as bigint), {{ buckets }})
{%- endmacro %}
