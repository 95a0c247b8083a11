{# Generic tests of this project. Each returns the offending rows. #}

{# The columns together name a row: no row twice. Nulls in a key are refused by the contract's not_null. #}
{% test unique_together(model, columns) %}
select
    {{ columns | join(', ') }},
    count(*) as rows_found
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

{# A condition that holds for every row; null counts as broken. #}
{% test holds(model, condition) %}
select * from {{ model }} where ({{ condition }}) is not true
{% endtest %}

{# No null in any of these columns. For seeds, which have no contract; a table says not_null in its contract. #}
{% test no_nulls(model, columns) %}
select * from {{ model }} where {{ columns | join(' is null or ') }} is null
{% endtest %}
