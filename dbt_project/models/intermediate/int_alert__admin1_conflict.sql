-- First-level units where the deaths of 30 days are at their highest: the rule of hdx_conflict with a floor that fits a
-- unit, so that a war in one region is not hidden by its country. Precise places only: a point that stands for a
-- province is no place.
{{ config(materialized='ephemeral') }}
{% set floor = 25 %}

{{ deaths_at_their_highest(area_kind='admin1', floor=floor) }}
