import pytest

from domain.invalid import Invalid
from domain.rejections import Code
from domain.settings import SETTINGS, defaults
from domain.validation import check_fields
from schemas import records as r
from tests.unit.domain.given import ANNA, BERT, NOON, World, set_settings


def test_settings_that_were_never_set_have_their_defaults_in_version_0():
    assert World().settings() == r.Settings(ANNA, 0, version=0) == defaults(ANNA)


def test_a_setting_is_changed_and_the_others_stay():
    world = World(set_settings(zone="Europe/Paris"), set_settings(catch_up=r.CatchUp.LATEST))
    assert world.settings() == r.Settings(ANNA, NOON, "Europe/Paris", catch_up=r.CatchUp.LATEST, version=2)
    assert world.events[-1].changed == ("catch_up",)


def test_settings_that_are_so_already_are_not_changed():
    world = World(set_settings(zone="Europe/Paris"))
    assert world.does(set_settings(zone="Europe/Paris")).outcome.kind is r.OutcomeKind.NOTHING_TO_DO
    assert World().does(set_settings(zone=None)).outcome.version is None


def test_settings_belong_to_one_user():
    world = World(set_settings(zone="Europe/Paris"), set_settings(user=BERT, zone="Asia/Tokyo"))
    assert world.settings().zone == "Europe/Paris"


@pytest.mark.parametrize("expected", [0, 2])
def test_settings_in_another_version_than_expected_are_not_changed(expected):
    decision = World(set_settings(zone="UTC")).does(set_settings(expected=expected, zone="Europe/Paris"))
    assert (decision.outcome.code, decision.events) == (Code.VERSION, ())


def test_the_first_change_may_expect_version_0():
    assert World().does(set_settings(expected=0, zone="Europe/Paris")).outcome.version == 1


@pytest.mark.parametrize(
    "fields", [{"quiet_from": "22:00:00"}, {"quiet_to": "07:00:00"}, {"quiet_from": "07:00:00", "quiet_to": "07:00:00"}]
)
def test_quiet_hours_have_a_beginning_and_another_end(fields):
    outcome = World().does(set_settings(**fields)).outcome
    assert (outcome.code, outcome.field) == (Code.INVALID, "quiet_to")


@pytest.mark.parametrize("language", ["fr", "EN", "", "de-AT"])
def test_a_language_that_rondo_does_not_speak_is_refused(language):
    with pytest.raises(Invalid, match="en, de"):
        SETTINGS.checks["language"](language)


def test_undoing_the_first_change_restores_the_defaults_of_what_it_changed():
    first = set_settings(zone="Europe/Paris", day_time="08:00:00", quiet_from="22:00:00", quiet_to="07:00:00")
    world = World(first)
    assert world.does(world.undoing(first)).outcome.kind is r.OutcomeKind.ACCEPTED
    assert world.settings() == r.Settings(ANNA, NOON, version=2)


def test_what_was_changed_since_is_not_undone():
    first = set_settings(zone="Europe/Paris")
    world = World(first, set_settings(zone="Asia/Tokyo"))
    [refused] = world.does(world.undoing(first)).outcome.part.refused
    assert (refused.code, refused.subject) == (Code.CONTRADICTED, f"settings:{ANNA}")


def test_zones_and_times_are_checked_each_by_its_name():
    fields = r.SettingsFields(zone="Paris", day_time="9", quiet_from="24:00", quiet_to="7 am")
    problems = check_fields(fields, SETTINGS.checks).problems
    assert {problem.field for problem in problems} == {"zone", "day_time", "quiet_from", "quiet_to"}
    assert check_fields(r.SettingsFields(day_time="08:30"), SETTINGS.checks).fields.day_time == "08:30:00"
