"""The actor registry on real data: who resolves, who counts for whom, and where the first events are.

UCDP 24.1 of five countries, the UCDP actor list 22.1 and Insecurity Insight's education file. Figures counted from the
publishers' own files.
"""

import json
from datetime import date

import pytest
from click.testing import CliRunner

from orchestration.cli import main
from orchestration.settings import Settings
from tests.served import RegistryHome, rows_of

UNNAMED = ("Unidentified Armed Actor", "Militia", "Criminal", "Private security", "Students", "Employee")
"""What the publisher writes for a perpetrator of whom it knows the sort only."""


@pytest.fixture(scope="module")
def registry(registry_home: RegistryHome) -> Settings:
    return registry_home.settings


def test_every_data_test_holds_on_the_real_list_and_the_real_polygons(registry_home: RegistryHome) -> None:
    assert registry_home.untrue == []


def ask(registry: Settings, sql: str) -> list[tuple]:
    return rows_of(registry.bi_file, sql)


def test_every_actor_of_ten_events_in_mali_is_registered(registry: Settings) -> None:
    """By the publisher's own names; none is left to the list or to nobody."""
    sides = ask(
        registry,
        """select side.actor_name_raw, count(distinct side.event_key), bool_and(coalesce(actor.is_registered, false))
           from core.fct_event_actor as side
           join core.fct_event using (event_key)
           left join core.dim_actor as actor using (actor_id)
           where feed = 'ucdp' and fct_event.country_iso3 = 'MLI'
           group by 1 having count(distinct side.event_key) >= 10""",
    )
    assert len(sides) >= 15
    assert [name for name, _, is_registered in sides if not is_registered] == []


def test_all_side_mentions_of_the_five_countries_resolve(registry: Settings) -> None:
    mentions, resolved = ask(
        registry,
        """select count(*), count(*) filter (where is_resolved) from (
               select event_key, role, bool_and(actor_id is not null) as is_resolved
               from core.fct_event_actor where event_key like 'ucdp:%' group by 1, 2)""",
    )[0]
    assert mentions == 2 * 2846
    # 100 %: asked for are 98.
    assert resolved == mentions


def test_no_method_but_the_known_ones_and_no_name_resolves_twice(registry: Settings) -> None:
    methods = dict(
        ask(
            registry,
            "select match_method, count(*) from core.fct_event_actor where event_key like 'ucdp:%' group by 1",
        )
    )
    assert methods == {"ucdp_id": 5241, "split_rule": 414, "alias": 83}
    assert (
        ask(
            registry,
            """select event_key, role, actor_name_raw from core.fct_event_actor
               where not is_joint and not is_ambiguous group by all having count(*) > 1""",
        )
        == []
    )


def test_jnim_begins_in_mali_and_benin_when_it_did(registry: Settings) -> None:
    first = dict(
        ask(
            registry,
            """select country_iso3, min(date_start) from core.fct_event_actor join core.fct_event using (event_key)
               where actor_id = 'jnim' and feed = 'ucdp' and fatalities_best > 0 group by 1""",
        )
    )
    assert first == {"MLI": date(2017, 3, 5), "BEN": date(2020, 2, 9)}


def test_the_islamic_state_of_mali_and_benin_is_the_sahel_province(registry: Settings) -> None:
    found = ask(
        registry,
        """select country_iso3, actor_id, count(*) from core.fct_event_actor join core.fct_event using (event_key)
           where feed = 'ucdp' and source_actor_id = 234 group by 1, 2 order by 1""",
    )
    assert found == [("BEN", "issp", 1), ("MLI", "issp", 413)]


def test_a_joint_coding_counts_for_its_members_and_never_for_itself(registry: Settings) -> None:
    found = ask(
        registry,
        """select actor_name_raw, string_agg(distinct actor_id, ' ' order by actor_id), count(distinct event_key), count(*)
           from core.fct_event_actor where is_joint and event_key like 'ucdp:%' group by 1 order by 1""",
    )
    assert found == [
        ("AQIM, JAS, MUJAO", "aqim jas mujao", 1, 3),
        ("ARLA, FIAA, FPLA", "arla fiaa fpla", 1, 3),
        ("CM-FPR, GATIA, MAA", "cm_fpr gatia maa", 6, 18),
        ("GATIA, MSA", "gatia msa", 23, 46),
        ("Koulango , Lobi, Malinké", "koulango lobi malinke", 1, 3),
        ("MUJAO, Signed-in-Blood Battalion", "mujao signed_in_blood_battalion", 5, 10),
    ]


def test_one_number_through_a_change_of_name_is_two_actors(registry: Settings) -> None:
    """539 is GSPC before January 2007, 1158 MNLA before June 2014."""
    found = ask(
        registry,
        """select source_actor_id, actor_id, count(*), min(date_end), max(date_end)
           from core.fct_event_actor join core.fct_event using (event_key)
           where feed = 'ucdp' and source_actor_id in (539, 1158) group by 1, 2 order by 1, 4""",
    )
    assert [row[:2] for row in found] == [(539, "gspc"), (539, "aqim"), (1158, "mnla"), (1158, "cma")]
    assert found[0][4] < date(2007, 1, 24) <= found[1][3]
    assert found[2][4] < date(2014, 6, 9) <= found[3][3]


def test_the_lineage_of_jnim_takes_in_who_merged_and_leaves_aqim_out(registry: Settings) -> None:
    def events(scope: str, actor_id: str) -> set[str]:
        return {
            key
            for (key,) in ask(
                registry,
                f"""select distinct event_key from core.fct_event_actor as side
                    join core.fct_event as event using (event_key)
                    join core.actor_scope_member as member
                        on side.actor_id = member.actor_id and actor_scope = '{scope}' and scope_actor_id = '{actor_id}'
                        and date_end >= coalesce(member.valid_from, date '0001-01-01')
                        and date_end < coalesce(member.valid_to, date '9999-12-31')
                    where feed = 'ucdp'""",
            )
        }

    exact, lineage, alliance = (events(scope, "jnim") for scope in ("exact", "lineage", "alliance"))
    assert len(exact) == 1117 and exact <= lineage <= alliance
    assert not lineage & events("exact", "aqim")
    assert not events("lineage", "aqim") & exact
    assert events("exact", "gspc") <= events("lineage", "aqim")
    assert not events("exact", "ansar_dine") & lineage, "Ansar Dine has no event after the merger here"


def test_the_list_becomes_relations_with_stated_dates(registry: Settings) -> None:
    """Of the cells of the list: pairs whose other number it has itself, without the curated ones of the same kind."""
    by_basis = dict(
        ask(
            registry,
            """select valid_from_basis, count(*) from core.bridge_actor_relation
               where source = 'UCDP actor list 22.1' and valid_from_basis <> 'curated' group by 1""",
        )
    )
    assert sum(by_basis.values()) > 400
    assert set(by_basis) == {"first_event", "unknown"}
    mujao = ask(
        registry,
        """select other_actor_id, relation, valid_from_basis from core.bridge_actor_relation
           where actor_id = 'mujao' and relation in ('splinter_of', 'member_of', 'merged_into') order by all""",
    )
    assert ("aqim", "splinter_of", "curated") in mujao
    assert ("al_murabitun", "member_of", "first_event") in mujao


def test_named_perpetrators_of_insecurity_insight_resolve(registry: Settings) -> None:
    """A list counts as resolved when each of its parts is; an unresolved one names no known actor."""
    names = ask(
        registry,
        """select actor_name_raw, count(distinct event_key), bool_and(actor_id is not null)
           from core.fct_event_actor where event_key like 'insecurity_insight:%' and role = 'side_a' group by 1""",
    )
    named = [row for row in names if row[0] not in UNNAMED]
    incidents = sum(count for _, count, _ in named)
    resolved = sum(count for _, count, is_resolved in named if is_resolved)
    assert {name for name, _, is_resolved in named if not is_resolved} == {
        "Darfur rebels",
        "Herdsmen (Sudan)",
        "Somali National Security Service",
    }
    assert incidents > 200
    # 98.8 %: three incidents of three groups that are no actor of the region or no group at all.
    assert resolved / incidents > 0.98


def test_a_person_can_ask_for_an_actor_of_the_real_file(registry: Settings) -> None:
    answer = CliRunner().invoke(main, ["actor", "GSIM", "--format", "json", "--home", str(registry.home)])
    page = json.loads(answer.stdout)
    exact = [row for row in page["figures"] if (row["source"], row["actor_scope"]) == ("ucdp", "exact")]
    assert exact[0]["events"] == 1117
    marts = ask(
        registry,
        "select sum(events)::int, sum(fatalities_best)::int from marts.actor_month where actor_id = 'jnim' and source = 'ucdp'",
    )
    assert (exact[0]["events"], exact[0]["deaths"]) == marts[0]
