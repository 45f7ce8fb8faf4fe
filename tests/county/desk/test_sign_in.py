"""Signing in at the desk: who gets in, how often one may try, what the cookies are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from county.sessions import SESSION_LASTS, TRIES_PER_LOGIN, TRIES_WINDOW, note_failure
from county.tables import UserRow
from tests.builders import COUNTY_ID
from tests.county.desk.desk_world import PASSWORD, DeskWorld, csrf_in, sign_in

ADDRESSES = (
    "/desk/overview", "/desk/people", "/desk/review", "/desk/phone-check", "/desk/ledger",
    "/desk/ledger.xlsx", "/desk/quarantine", "/desk/conflicts", "/desk/tablets", "/desk/audit",
    "/desk/people/x", "/desk/follow-ups/x",
)  # fmt: skip


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_asks_for_a_sign_in_first(world: DeskWorld, address: str) -> None:
    answer = world.client().get(address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/desk/sign-in?next=%2Fdesk%2F") or answer.headers[
        "location"
    ].startswith("/desk/sign-in?next=/desk/")


def test_the_right_password_opens_the_page_that_was_wanted(world: DeskWorld) -> None:
    answer = sign_in(world.client(), "yunling", next="/desk/review?mode=home")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/desk/review?mode=home"


def test_the_way_after_signing_in_never_leads_to_another_site(world: DeskWorld) -> None:
    for elsewhere in ("https://example.org/desk/x", "//example.org/desk/x", "/desk/..\\x"):
        answer = sign_in(world.client(), "yunling", next=elsewhere)
        assert answer.headers["location"] == "/desk/overview"


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(world: DeskWorld) -> None:
    cookie = sign_in(world.client(), "yunling").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/desk" in cookie
    assert "secure" not in cookie.split("luyue_desk=")[1].split(",")[0]


def test_beyond_loopback_the_session_cookie_travels_over_tls_only(world: DeskWorld) -> None:
    client = world.client()
    client.base_url = "http://desk.example"
    form = client.get("/desk/sign-in").text
    client.cookies.set("luyue_entry", csrf_in(form))
    fields = {"csrf": csrf_in(form), "login": "yunling", "password": PASSWORD}
    cookie = client.post("/desk/sign-in", data=fields).headers["set-cookie"].lower()
    assert "; secure" in cookie.split("luyue_desk=")[1].split(",")[0]


def test_a_wrong_password_is_said_plainly_and_keeps_the_login(world: DeskWorld) -> None:
    answer = sign_in(world.client(), "yunling", "wrong-password")
    assert answer.status_code == 403
    assert 'value="yunling"' in answer.text
    assert "wrong-password" not in answer.text
    assert 'role="alert"' in answer.text


def test_an_unknown_login_gets_the_same_words_as_a_wrong_password(world: DeskWorld) -> None:
    wrong = sign_in(world.client(), "yunling", "wrong-password")
    unknown = sign_in(world.client(), "nobody-here", "wrong-password")
    alert = 'role="alert">'
    assert wrong.text.split(alert)[1][:40] == unknown.text.split(alert)[1][:40]


def test_after_five_wrong_passwords_even_the_right_one_has_to_wait(world: DeskWorld) -> None:
    for _ in range(TRIES_PER_LOGIN):
        sign_in(world.client(), "yunling", "wrong-password")
    answer = sign_in(world.client(), "yunling")
    assert answer.status_code == 403
    assert "分钟后再试" in answer.text
    world.clock.moment += TRIES_WINDOW + timedelta(seconds=1)
    assert sign_in(world.client(), "yunling").status_code == 303


def test_whoever_keeps_trying_waits_no_longer_than_was_said(world: DeskWorld) -> None:
    for _ in range(TRIES_PER_LOGIN):
        sign_in(world.client(), "yunling", "wrong-password")
    world.clock.moment += timedelta(minutes=10)
    answer = sign_in(world.client(), "yunling")
    assert "5 分钟后再试" in answer.text
    assert len(world.acts("sign_in_failed")) == TRIES_PER_LOGIN
    world.clock.moment += timedelta(minutes=5, seconds=1)
    assert sign_in(world.client(), "yunling").status_code == 303


def test_a_flood_of_failures_elsewhere_hides_nobodys_own(world: DeskWorld) -> None:
    with world.database.writing() as session:
        for number in range(1_500):
            note_failure(session, COUNTY_ID, f"nobody-{number}", "203.0.113.9", world.clock.moment)
    world.clock.moment += timedelta(minutes=1)
    for _ in range(TRIES_PER_LOGIN):
        assert sign_in(world.client(), "yunling", "wrong-password").status_code == 403
    assert "分钟后再试" in sign_in(world.client(), "yunling").text


def test_an_account_that_was_closed_ends_the_sessions_it_has(world: DeskWorld) -> None:
    browser = world.browser()
    with world.database.writing() as session:
        session.get_one(UserRow, (COUNTY_ID, "reviewer-1")).active = False
    assert browser.get("/desk/review").status_code == 303
    assert sign_in(world.client(), "yunling").status_code == 403


def test_a_session_ends_with_the_working_day(world: DeskWorld) -> None:
    browser = world.browser()
    world.clock.moment += SESSION_LASTS + timedelta(seconds=1)
    assert browser.get("/desk/review").status_code == 303


def test_signing_out_ends_the_session_at_the_server(world: DeskWorld) -> None:
    browser = world.browser()
    token = browser.cookies["luyue_desk"]
    page = browser.get("/desk/review").text
    browser.post("/desk/sign-out", data={"csrf": csrf_in(page)})
    thief = world.client()
    thief.cookies.set("luyue_desk", token, path="/desk")
    assert thief.get("/desk/review").status_code == 303


def test_a_form_without_the_sessions_token_is_refused(world: DeskWorld) -> None:
    browser = world.browser()
    answer = browser.post("/desk/sign-out", data={"csrf": "made-up"})
    assert answer.status_code == 403
    assert "失效" in answer.text
    assert browser.get("/desk/review").status_code == 200


def test_a_sign_in_form_without_its_token_is_refused(world: DeskWorld) -> None:
    fields = {"csrf": "made-up", "login": "yunling", "password": PASSWORD}
    assert world.client().post("/desk/sign-in", data=fields).status_code == 403


def test_sign_ins_and_failures_are_written_down(world: DeskWorld) -> None:
    sign_in(world.client(), "yunling", "wrong-password")
    world.browser("yunling")
    assert [act.object_id for act in world.acts("sign_in_failed")] == ["yunling"]
    assert [act.user_id for act in world.acts("sign_in")] == ["reviewer-1"]


def test_the_language_is_chosen_once_and_kept(world: DeskWorld) -> None:
    browser = world.browser()
    answer = browser.get("/desk/language/en?back=/desk/review")
    assert answer.headers["location"] == "/desk/review"
    page = browser.get("/desk/review").text
    assert '<html lang="en">' in page
    assert "Review" in page


def test_every_answer_carries_a_policy_without_scripts_or_inline_styles(world: DeskWorld) -> None:
    answer = world.client().get("/desk/sign-in")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "<script" not in answer.text
    assert " style=" not in answer.text
