-- Which records tell of which incident, by what rule, and what spoke for it: the weights are of the link by which the
-- record came to the incident (linked_event_key), part by part; incident_evidence says what each level means.
select
    -- Named by the record that we knew first, so that later ones and revisions leave the name alone.
    'i-' || replace(member.anchor_event_key, ':', '-') as incident_id,
    member.event_key,
    record.feed,
    member.match_rule,
    -- The weight as a probability.
    1 / (1 + pow(2, -pair.weight)) as match_score,
    member.linked_event_key,
    pair.weight as match_weight,
    {% for part in ['time', 'distance', 'place_name', 'actors', 'class', 'deaths'] -%}
        pair.{{ part }}_level,
        pair.{{ part }}_weight,
    {% endfor -%}
    pair.days_apart,
    pair.km_apart
from {{ ref('int_incident__membership') }} as member
inner join {{ ref('int_incident__record') }} as record on member.event_key = record.event_key
left join {{ ref('int_incident__pair') }} as pair
    on
        least(member.event_key, member.linked_event_key) = least(pair.event_key_a, pair.event_key_b)
        and greatest(member.event_key, member.linked_event_key) = greatest(pair.event_key_a, pair.event_key_b)
