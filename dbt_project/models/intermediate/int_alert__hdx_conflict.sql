-- Countries where the deaths of 30 days are at their highest: the conflict rule of OCHA's HDX Signals as it is
-- published, over events of all kinds (demonstrations too). One row per day on which it holds, with the highest level.
{{ config(materialized='ephemeral') }}
{% set floor = 100 %}

{{ deaths_at_their_highest(area_kind='country', floor=floor) }}
