"""Opening the read model: a server that is away may be asked again, one that refuses us may not."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from infra.processes.setting_up import READER, grant_reader
from streams.store.database import open_database
from twin.errors import BadInput, Unavailable


def test_a_wrong_password_is_bad_input_and_is_not_repeated(postgres_url: str) -> None:
    wrong = make_url(postgres_url).set(password="hunter2").render_as_string(hide_password=False)

    with pytest.raises(BadInput, match=r"refuses us: .*password authentication failed") as refused:
        open_database(wrong)

    assert refused.value.field == "TWIN_DATABASE_URL"
    assert "hunter2" not in str(refused.value)


def test_a_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable, match=r"the database postgresql\+psycopg://…@127\.0\.0\.1:1/t"):
        open_database("postgresql+psycopg://u:hunter2@127.0.0.1:1/t")


def test_the_reader_makes_no_table_of_its_own_not_even_a_temporary_one(postgres_url: str) -> None:
    engine = open_database(postgres_url)
    grant_reader(engine, "only looking")
    engine.dispose()
    as_reader = make_url(postgres_url).set(username=READER, password="only looking")
    reader = open_database(as_reader.render_as_string(hide_password=False))

    with reader.begin() as db:
        db.execute(text("SET TRANSACTION READ WRITE"))
        with pytest.raises(ProgrammingError, match="permission denied to create temporary tables"):
            db.execute(text("CREATE TEMPORARY TABLE mine (it int)"))

    reader.dispose()
