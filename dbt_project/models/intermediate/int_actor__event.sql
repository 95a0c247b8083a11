{{ config(materialized='table') }}

-- One row per current event and organised actor in it, however often and on whichever side the source names the actor.
-- Ambiguous only if every mention is: a source that names the actor for certain once has said so. A point that stands
-- for a province, line or country is no place (is_precise false).
{{ actor_events(events=ref('fct_event'), sides=ref('fct_event_actor'), actors=ref('dim_actor')) }}
