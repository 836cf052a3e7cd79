"""Opening the read model: a server that is away may be asked again, one that refuses us may not."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from infra.processes.setting_up import READER, grant_reader
from streams.store import writer
from streams.store.database import answering, open_database
from streams.store.tables import LIVE
from streams.store.writer import Writer
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


def test_a_writer_that_stands_still_in_a_commit_keeps_nobody_out_for_long(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "LET_GO", "SET LOCAL idle_in_transaction_session_timeout = '100ms'")
    engines = [open_database(postgres_url) for _ in range(2)]
    frozen, other = (Writer(engine, LIVE, snapshot_ticks=5) for engine in engines)
    generations = [frozen.claim().generation]

    def commit_standing_still() -> None:
        with answering(), frozen._transaction() as db:
            db.execute(text("UPDATE writer SET number = number"))
            generations.append(other.claim().generation)
            db.execute(text("UPDATE writer SET number = number"))

    with pytest.raises(Unavailable, match="idle-in-transaction"):
        commit_standing_still()

    assert generations == [1, 2]
    for engine in engines:
        engine.dispose()


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
