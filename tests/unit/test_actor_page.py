"""`sahel actor`: which actor a name means, what its page says, and what a beginner is told who asks in vain.

Here: the page over published files made by hand, and the command. Not here: how names in events resolve and who
counts for whom (dbt unit tests), real figures (tests/pipeline/test_real_actors.py).
"""

import json
import unicodedata
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner, Result

from orchestration import actor_page, cli

ACTORS = [
    # actor_id, name, kind, UCDP id, country, from, to, umbrella, joint coding, registered, source
    ("jnim", "Jama'at Nusrat al-Islam", "jihadist_group", 6716, "MLI", "2017-03-02", None, False, False, True, "press"),
    ("ansar_dine", "Ansar Dine", "jihadist_group", 1157, "MLI", None, None, False, False, True, "press"),
    ("jas", "Jama'atu Ahlis Sunna", "jihadist_group", 1051, "NGA", None, None, False, False, True, "press"),
    ("iswap", "West Africa Province", "jihadist_group", None, "NGA", None, None, False, False, True, "press"),
    ("army", "Armed Forces of Mali", "state_forces", None, "MLI", None, None, False, False, True, "press"),
    ("both", "GATIA and MSA", "coalition", 6837, "MLI", None, None, False, True, True, "press"),
    ("islamic_state", "Islamic State", "jihadist_group", 234, None, None, None, True, False, True, "press"),
    ("ucdp-12", "Group", "unknown", 12, None, None, None, False, False, False, "UCDP actor list"),
    ("ucdp-13", "Front", "unknown", 13, None, None, None, False, False, False, "UCDP actor list"),
    ("ucdp-14", "Front", "unknown", 14, None, None, None, False, False, False, "UCDP actor list"),
    ("ucdp-15", "GSIM", "unknown", 15, None, None, None, False, False, False, "UCDP actor list"),
]  # fmt: skip
ALIASES = [
    # alias, actor, source, language, from, to, ambiguous, country suffix
    ("GSIM", "jnim", "press", "fr", None, None, False, False),
    ("Groupe de soutien à l’islam", "jnim", "press", "fr", None, None, False, False),
    ("JNIM\x1b[31m: Group\nfor Support", "jnim", "acled", "en", None, None, False, False),
    ("جماعة نصرة الإسلام", "jnim", "press", "ar", None, None, False, False),
    ("Boko Haram", "jas", "press", "en", None, None, True, False),
    ("Boko Haram", "iswap", "press", "en", "2015-03-07", None, True, False),
    ("Military Forces of Mali", "army", "acled", "en", None, None, False, True),
]
RELATIONS = [
    ("ansar_dine", "merged_into", "jnim", "2017-03-02", None, "curated", "press"),
    ("jnim", "rival_of", "iswap", "2019-07-01", "2020-01-01", "first_event", "UCDP actor list"),
    ("ansar_dine", "splinter_of", "jas", None, None, "unknown", "UCDP actor list"),
]
EVENTS = [
    # event, feed, country, start, end, class, deaths, deaths of civilians
    ("ucdp:1", "ucdp", "MLI", "2016-12-30", "2017-01-02", "state_based", 5, 0),
    ("ucdp:2", "ucdp", "MLI", "2017-03-05", "2017-03-05", "state_based", 0, 0),
    ("ucdp:3", "ucdp", "BEN", "2020-02-09", "2020-02-10", "one_sided", 7, 6),
    ("ucdp:4", "ucdp", "MLI", "2020-02-09", "2020-02-10", "non_state", 2, 0),
    ("acled:1", "acled", "MLI", "2020-02-09", "2020-02-09", "state_based", 4, None),
    ("acled:2", "acled", "MLI", "2020-02-09", "2020-02-09", "demonstration", 1, None),
]
SIDES = [
    # event, actor, is_perpetrator, is_ambiguous
    ("ucdp:1", "ansar_dine", False, False),
    ("ucdp:2", "jnim", False, False),
    ("ucdp:3", "jnim", True, False),
    ("ucdp:4", "jnim", False, True),
    ("ucdp:4", "ansar_dine", False, False),
    ("acled:1", "jnim", False, False),
    ("acled:1", "jnim", False, True),
    ("acled:2", "jnim", False, False),
    ("acled:1", None, False, False),
]
MEMBERS = [
    ("lineage", "jnim", "jnim", None, None),
    ("lineage", "jnim", "ansar_dine", "2017-03-02", None),
    ("lineage", "ansar_dine", "ansar_dine", None, None),
    ("alliance", "jnim", "jas", None, None),
]
SOURCES = [
    ("ucdp", "UCDP events", "CC BY 4.0", "Cite UCDP."),
    ("acled", "ACLED events", "no redistribution", "Cite ACLED."),
    ("gdelt", "GDELT", "open", None),
]


def publish(home: Path, events: bool = True, then: str | None = None) -> Path:
    """A published file with this history; ``then`` is SQL that makes it different."""
    path = home / "published" / "sahel.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """create schema core;
               create table core.dim_actor (
                   actor_id varchar, actor_name varchar, actor_kind varchar, ucdp_actor_id bigint, country_iso3 varchar,
                   valid_from date, valid_to date, is_umbrella boolean, is_joint_coding boolean, is_registered boolean,
                   source varchar);
               create table core.actor_alias (
                   alias varchar, actor_id varchar, source varchar, language varchar, valid_from date, valid_to date,
                   is_ambiguous boolean, has_country_suffix boolean);
               create table core.bridge_actor_relation (
                   actor_id varchar, relation varchar, other_actor_id varchar, valid_from date, valid_to date,
                   valid_from_basis varchar, source varchar);
               create table core.actor_scope_member (
                   actor_scope varchar, scope_actor_id varchar, actor_id varchar, valid_from date, valid_to date);
               create table core.actor_regime (
                   government_actor_id varchar, actor_id varchar, regime_name varchar, valid_from date, valid_to date,
                   source varchar);
               insert into core.actor_regime values ('state', 'army', 'Junta of 2020', '2020-08-18', null, 'press');
               create table core.fct_event (
                   event_key varchar, feed varchar, country_iso3 varchar, date_start date, date_end date,
                   violence_class varchar, fatalities_best integer, fatalities_civilian integer);
               create table core.fct_event_actor (
                   event_key varchar, actor_id varchar, is_perpetrator boolean, is_ambiguous boolean);
               create table core.dim_source (feed varchar, source_name varchar, licence varchar, attribution varchar)"""
        )
        for table, rows in {
            "dim_actor": ACTORS,
            "actor_alias": ALIASES,
            "bridge_actor_relation": RELATIONS,
            "actor_scope_member": MEMBERS,
            "fct_event": EVENTS if events else [],
            "fct_event_actor": SIDES if events else [],
            "dim_source": SOURCES,
        }.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                connection.executemany(f"insert into core.{table} values ({marks})", rows)
        if then:
            connection.execute(then)
    return path


@pytest.fixture
def reader(home: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(publish(home)), read_only=True)


def ask(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["actor", *arguments])


# Which actor a name means


@pytest.mark.parametrize(
    "name",
    ["jnim", "JNIM", "6716", " gsim ", "groupe de soutien a lislam", "GROUPE DE SOUTIEN À L'ISLAM", "جماعة نصرة الإسلام",
     "Jamaat Nusrat al-Islam", unicodedata.normalize("NFD", "Groupe de soutien à l'islam")],
)  # fmt: skip
def test_any_name_finds_it_without_regard_to_case_accents_and_signs(
    reader: duckdb.DuckDBPyConnection, name: str
) -> None:
    assert actor_page.find(reader, name) == "jnim"


def test_years_of_a_regime_do_not_count_and_the_registry_comes_first(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    assert actor_page.find(reader, "Military Forces of Mali (2013-2020)") == "army"
    assert actor_page.find(reader, "Military Forces of Mali (2021-)") == "army"
    assert actor_page.find(reader, "ucdp-15") == "ucdp-15"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Boko Haram", "'Boko Haram' may mean iswap (West Africa Province), jas (Jama'atu Ahlis Sunna); ask for one of"),
        ("front", "'front' may mean ucdp-13 (Front), ucdp-14 (Front)"),
        ("Ansar Dinne", "no actor is named 'Ansar Dinne'; did you mean ansar_dine (Ansar Dine)"),
        ("Africa Province", "did you mean iswap (West Africa Province)"),
        ("Qwrtzp", "no actor is named 'Qwrtzp'; `sahel query which_actors` lists those with events"),
        ("--", "'--' is no name"),
    ],
)  # fmt: skip
def test_an_unknown_or_ambiguous_name_is_told_in_one_line_with_what_may_be_meant(
    reader: duckdb.DuckDBPyConnection, name: str, told: str
) -> None:
    with pytest.raises(actor_page.NoSuchActor) as refused:
        actor_page.find(reader, name)
    assert told in str(refused.value) and "\n" not in str(refused.value)


def test_names_are_compared_as_the_database_compares_them() -> None:
    """The macro of the dbt project, run on the same names."""
    text = (Path(__file__).parents[2] / "dbt_project/macros/expressions.sql").read_text(encoding="utf-8")
    body = text.split("{% macro actor_name_key(text) -%}")[1].split("{%- endmacro %}")[0]
    names = [
        "Police Forces of Mali (2012-2020) Gendarmerie", "Military Forces of Mali (2021-)", "Jama’at Nusrat",
        "Côte d'Ivoire_Dozo", "IS (Greater Sahara)", "ولاية الساحل", "Front (1989–1990)", "Aïr & Azawad",
    ]  # fmt: skip
    told = duckdb.sql(f"select {body.replace('{{ text }}', 'name')} from (select unnest($names) as name)",
                      params={"names": names}).fetchall()  # fmt: skip
    assert [key for (key,) in told] == [actor_page.name_key(name) for name in names]


# What the page says


def test_an_event_counts_once_by_itself_and_once_for_the_lineage_of_its_day(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    """Ansar Dine's event of January 2017 is before the merger; that of 2020 has both in it; a demonstration is none."""
    page = actor_page.read(reader, "jnim")
    told = {
        (row["source"], row["actor_scope"]): (
            row["events"], row["deaths"], row["as_perpetrator"], row["civilians_killed"], row["ambiguous"],
            str(row["first_date"]), str(row["first_fatal_date"]), str(row["last_date"]),
        )
        for row in page.figures
    }  # fmt: skip
    assert told == {
        ("acled", "exact"): (1, 4, 0, None, 0, "2020-02-09", "2020-02-09", "2020-02-09"),
        ("acled", "lineage"): (1, 4, 0, None, 0, "2020-02-09", "2020-02-09", "2020-02-09"),
        ("ucdp", "exact"): (3, 9, 1, 6, 1, "2017-03-05", "2020-02-09", "2020-02-10"),
        ("ucdp", "lineage"): (3, 9, 1, 6, 0, "2017-03-05", "2020-02-09", "2020-02-10"),
    }
    assert [(row["source"], row["country_iso3"], row["events"], row["deaths"]) for row in page.countries] == [
        ("acled", "MLI", 1, 4),
        ("ucdp", "MLI", 2, 2),
        ("ucdp", "BEN", 1, 7),
    ]
    assert [(row["source"], row["event_year"], row["events"], row["deaths"]) for row in page.years] == [
        ("acled", 2020, 1, 4), ("ucdp", 2017, 1, 0), ("ucdp", 2020, 2, 9),
    ]  # fmt: skip
    assert [row["feed"] for row in page.sources] == ["acled", "ucdp"]


def test_relations_read_from_both_ends_with_where_their_date_is_from(
    reader: duckdb.DuckDBPyConnection,
) -> None:
    assert actor_page.relation_lines(actor_page.read(reader, "jnim")) == [
        "  since 2017-03-02            Ansar Dine (ansar_dine) merged into it  [press]",
        "  2019-07-01 to 2020-01-01    fights West Africa Province (iswap)  [dated by the first event here; UCDP actor list]",
    ]
    assert actor_page.relation_lines(actor_page.read(reader, "ansar_dine"))[-1] == (
        "  day not known               split from Jama'atu Ahlis Sunna (jas)  [UCDP actor list]"
    )
    assert set(actor_page.FROM_HERE) == set(actor_page.TO_HERE)


def test_every_relation_that_the_registry_has_can_be_told() -> None:
    import yaml

    path = Path(__file__).parents[2] / "dbt_project/models/core/_core.yml"
    models = {model["name"]: model for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]}
    (column,) = [one for one in models["bridge_actor_relation"]["columns"] if one["name"] == "relation"]
    (values,) = [
        test["accepted_values"]["arguments"]["values"]
        for test in column["data_tests"]
        if isinstance(test, dict) and "accepted_values" in test
    ]
    assert set(values) == set(actor_page.FROM_HERE)


# The command


def test_the_table_shows_it_all_and_nothing_steers_the_terminal(home: Path) -> None:
    publish(home)
    result = ask("gsim")
    assert result.exit_code == 0
    for told in (
        "Jama'at Nusrat al-Islam (jnim)", "kind jihadist_group; home MLI; since 2017-03-02; UCDP id 6716",
        "GSIM; Groupe de soutien à l’islam", "history:", "└ since 2017-03-02            Ansar Dine (ansar_dine)",
        "by country", "by year", "never added up", "acled: ACLED events, no redistribution. Cite ACLED.",
    ):  # fmt: skip
        assert told in result.stdout, told
    assert "\x1b" not in result.stdout
    assert "JNIM [31m: Group for Support" in result.stdout


def test_json_has_the_same_and_nothing_else(home: Path) -> None:
    publish(home)
    result = ask("jnim", "--format", "json")
    page = json.loads(result.stdout)
    assert result.exit_code == 0
    assert set(page) == {
        "actor", "names", "regimes", "relations", "lineage", "figures", "countries", "years", "sources",
    }  # fmt: skip
    assert page["actor"]["valid_from"] == "2017-03-02"
    assert [row["events"] for row in page["figures"]] == [1, 1, 3, 3]


def test_what_kind_of_name_it_is_is_said(home: Path) -> None:
    publish(home)
    assert "a joint coding, no organisation" in ask("both").stdout
    assert "an umbrella" in ask("islamic_state").stdout
    assert "not in the registry" in ask("ucdp-12").stdout
    assert "since 2020-08-18            Junta of 2020" in ask("army").stdout
    assert "Military Forces of Mali (…)" in ask("army").stdout


def test_an_actor_without_events_says_so(home: Path) -> None:
    publish(home, events=False)
    result = ask("jnim")
    assert result.exit_code == 0
    assert "no event of the published file names it" in result.stdout
    assert "by year" not in result.stdout


def test_errors_of_beginners_are_one_line_with_the_remedy(home: Path) -> None:
    result = ask("jnim")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "nothing is published" in result.stderr and "sahel run" in result.stderr
    publish(home)
    result = ask("Boko Haram")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1)
    assert "may mean iswap" in result.stderr
    assert ask().exit_code == 2
    assert (ask("  ").exit_code, "an empty NAME" in ask("  ").stderr) == (2, True)


def test_a_file_of_an_older_version_says_how_to_renew_it(home: Path) -> None:
    publish(home, then="drop table core.actor_scope_member")
    result = ask("jnim")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "`sahel build` and `sahel publish` renew it" in result.stderr


def test_made_data_says_so(home: Path) -> None:
    from orchestration.settings import MADE_MARKER

    publish(home)
    (home / MADE_MARKER).write_text("made\n")
    assert "MADE" in ask("jnim").stdout.upper()
    assert json.loads(ask("jnim", "--format", "json").stdout)["actor"]["actor_id"] == "jnim"
