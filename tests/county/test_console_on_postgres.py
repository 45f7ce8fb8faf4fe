"""What the `luyue` command says of a PostgreSQL that does not let it do its work."""

from __future__ import annotations

from sqlalchemy import create_engine, make_url, text

import console
from tests.console_office import Answer, Office, one_line
from tests.postgres import Postgres
from words import say


def other(url: str, **parts: str) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)


def check_told(answer: Answer, *parts: str) -> None:
    assert one_line(answer.err)
    assert [part for part in parts if part not in answer.err] == []
    assert answer.status == console.FAILED


def test_a_database_or_a_user_postgresql_has_not_is_told(
    office: Office, postgres: Postgres
) -> None:
    url = postgres.empty_url()
    nowhere = office.run("county", "stats", "--database", other(url, database="nowhere"))
    check_told(nowhere, "没有这个数据库", "nowhere")
    nobody = office.run("county", "stats", "--database", other(url, username="nobody_here"))
    check_told(nobody, "不让这个用户登录", "nobody_here", "%40")


def test_a_user_without_rights_to_the_tables_is_told(office: Office, postgres: Postgres) -> None:
    url = postgres.fresh_url()
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP ROLE IF EXISTS luyue_guest"))
        connection.execute(text("CREATE ROLE luyue_guest LOGIN"))
    engine.dispose()
    guest = "--database", other(url, username="luyue_guest")
    check_told(office.run("county", "stats", *guest), "没有权限", "permission denied")
    check_told(office.run("county", "init", "县", *guest), "没有权限", "permission denied")


def test_an_empty_database_is_told_to_have_no_county_and_stays_empty(
    office: Office, postgres: Postgres
) -> None:
    url = postgres.empty_url()
    answer = office.run("county", "stats", "--database", url)
    check_told(answer, say("refusal.county.not_founded"), "LUYUE_DATABASE_URL")
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.execute(text(tables)).scalar() == 0
    engine.dispose()
    assert office.run("county", "init", "青川县", "--database", url).status == 0


def test_a_postgresql_that_is_down_is_told(office: Office, own_postgres: Postgres) -> None:
    url = own_postgres.fresh_url()
    own_postgres.pause()
    try:
        answer = office.run("--lang", "en", "county", "stats", "--database", url)
    finally:
        own_postgres.go_on()
    check_told(answer, "PostgreSQL does not answer", "LUYUE_DATABASE_URL")
