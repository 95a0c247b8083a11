-- Question: is JNIM responsible for more than half of all violence in the central Sahel, and by which definition?
--
-- Read it so: one row per source and definition (of which violence, counted how, in which role) for the last twelve
-- months that the source observed in full. `share` is the part in which the source names JNIM itself, doubtful
-- attributions included; the columns after it count its lineage (members and what merged into it) and its allies of
-- the time too, or leave doubtful attributions out. `lowest_share` and `highest_share` are the bounds over those
-- readings, `is_above_half` says whether `share` exceeds 0.5, `definitions_above_half` how many of all the source's
-- definitions do. "Involved" is not "responsible": only the role perpetrator says who did it, and only of violence
-- against civilians. The denominator holds the violence of states too. Sources count different things: never compare
-- or add two of them.
--
-- Columns: source, universe, measure, role, numerator, denominator, share, share_rank, share_lineage, share_alliance,
--   share_without_doubtful, lowest_share, highest_share, is_above_half, definitions_above_half, definitions,
--   source_lowest_share, source_highest_share, period_start, period_end, months_observed, months_in_period,
--   provisional, data_as_of.
-- Parameters: none. For another actor or area change the two names in the first lines of SQL; for other periods read
--   marts.actor_share_between(first_day, last_day).
with asked as (
    select *
    from marts.actor_share
    where area_set = 'central_sahel' and actor_id = 'jnim' and period_kind = 'rolling_12_months'
),

definitions as (
    select
        source,
        universe,
        measure,
        role,
        period_start,
        period_end,
        -- A reading without a row has a share of zero: the three scopes and three rules make nine.
        {
            'exact': coalesce(max(share) filter (where actor_scope = 'exact' and ambiguous_rule = 'include'), 0),
            'lineage': coalesce(max(share) filter (where actor_scope = 'lineage' and ambiguous_rule = 'include'), 0),
            'alliance': coalesce(max(share) filter (where actor_scope = 'alliance' and ambiguous_rule = 'include'), 0),
            'certain': coalesce(max(share) filter (where actor_scope = 'exact' and ambiguous_rule = 'exclude'), 0),
            'lowest': case when count(*) = 9 then min(share) else 0 end,
            'highest': max(share)
        } as shares,
        coalesce(max(numerator) filter (where actor_scope = 'exact' and ambiguous_rule = 'include'), 0) as numerator,
        max(denominator) as denominator,
        max(months_observed) as months_observed,
        max(months_in_period) as months_in_period,
        max(share_rank) filter (where actor_scope = 'exact' and ambiguous_rule = 'include') as share_rank,
        bool_or(provisional) as provisional,
        max(data_as_of) as data_as_of
    from asked
    group by source, universe, measure, role, period_start, period_end
)

select
    source,
    universe,
    measure,
    role,
    numerator,
    denominator,
    round(shares.exact, 4) as share,
    share_rank,
    round(shares.lineage, 4) as share_lineage,
    round(shares.alliance, 4) as share_alliance,
    round(shares.certain, 4) as share_without_doubtful,
    round(shares.lowest, 4) as lowest_share,
    round(shares.highest, 4) as highest_share,
    shares.exact > 0.5 as is_above_half,
    count(*) filter (where shares.exact > 0.5) over (partition by source) as definitions_above_half,
    count(*) over (partition by source) as definitions,
    round(min(shares.lowest) over (partition by source), 4) as source_lowest_share,
    round(max(shares.highest) over (partition by source), 4) as source_highest_share,
    period_start,
    period_end,
    months_observed,
    months_in_period,
    provisional,
    data_as_of
from definitions
order by source, universe, measure, role
