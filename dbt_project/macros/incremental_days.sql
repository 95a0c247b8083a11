{#
    The condition that limits an incremental model on a GDELT table to the days of new rows.

    The newest attempt that the model has seen is its own max(through_attempt_id). Rows are appended in the
    order of attempts, so that the look-up of newer ones reads only the table's tail, and the days go into
    the SQL as literals, so that DuckDB skips all other row groups. A late slot of an old day is found too.
#}
{% macro days_with_new_rows(relation) -%}
    {%- if not is_incremental() -%}
        true
    {%- elif execute -%}
        {%- set watermark = run_query('select coalesce(max(through_attempt_id), 0) from ' ~ this).columns[0].values()[0] -%}
        {%- set days = run_query(
            "select distinct strftime(slot_at, '%Y-%m-%d') as slot_day from " ~ relation
            ~ " where attempt_id > " ~ watermark ~ " order by slot_day"
        ).columns[0].values() -%}
        {%- if days | length == 0 -%}
            false
        {%- else -%}
            slot_at >= date '{{ days[0] }}' and slot_at < date '{{ days[-1] }}' + interval 1 day
            and cast(slot_at as date) in ({% for day in days %}date '{{ day }}'{{ ', ' if not loop.last }}{% endfor %})
        {%- endif -%}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
