"""Our dashboards into a Grafana that runs already: folder, data source, dashboards, each by uid.

Applied again, nothing is written that is so already; what people changed by hand is as the code
says again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url

from infra.grafana.overview import overview
from infra.grafana.panels import DATASOURCE_UID, Json
from infra.processes.setting_up import READER
from infra.usage import BadUsage
from streams.settings import Settings
from twin.errors import Unavailable

FOLDER_UID: Final = "twin"
FOLDER_TITLE: Final = "Twin"
TLS_MODES: Final = ("disable", "require", "verify-ca", "verify-full")
"""What Grafana knows of PostgreSQL's; without one of them it asks in clear."""
GRAFANAS_OWN: Final = ("id", "version")
"""What Grafana adds to a dashboard it keeps."""
NOT_FOUND: Final = 404


def apply(settings: Settings, url: str) -> list[str]:
    """Make or mend it all; what was done, for people.

    ``BadUsage`` without a token, an address or a read model on PostgreSQL, ``Unavailable`` if
    Grafana refuses, or reaches no database.
    """
    if not settings.grafana_token:
        raise BadUsage(
            "no TWIN_GRAFANA_TOKEN",
            expected="the token of a service account with the role Admin",
            field="TWIN_GRAFANA_TOKEN",
        )
    source = datasource(settings)
    with _grafana(url, settings.grafana_token) as grafana:
        return [_folder(grafana), _datasource(grafana, source), _dashboard(grafana, overview())]


def datasource(settings: Settings) -> Json:
    """Grafana's own PostgreSQL data source, as the role that may only read."""
    address = make_url(settings.database_url)
    is_postgres = address.get_backend_name() == "postgresql" and address.host
    if not is_postgres or not settings.reader_password:
        raise BadUsage(
            f"TWIN_DATABASE_URL={address!r}",
            expected="a read model on PostgreSQL, and TWIN_READER_PASSWORD as of 'twin setup'",
            field="TWIN_DATABASE_URL",
        )
    return {
        "uid": DATASOURCE_UID,
        "name": "Twin",
        "type": "postgres",
        "access": "proxy",
        "url": f"{address.host}:{address.port or 5432}",
        "user": READER,
        "jsonData": {
            "database": address.database,
            "sslmode": _tls_mode(address),
            "postgresVersion": 1500,
            "maxOpenConns": 8,
        },
        "secureJsonData": {"password": settings.reader_password},
    }


def _tls_mode(address: URL) -> str:
    asked = address.query.get("sslmode")
    return asked if isinstance(asked, str) and asked in TLS_MODES else TLS_MODES[0]


@contextmanager
def _grafana(url: str, token: str) -> Iterator[Any]:
    """A client of Grafana; what it raises is ``Unavailable``."""
    try:
        # It replaces a package others need (urllib3), so it is no part of the service.
        from grafana_client import GrafanaApi
        from grafana_client.client import GrafanaException
    except ModuleNotFoundError:
        raise Unavailable(
            "no grafana-client in this Python", remedy="pip install 'spacex-xai-twin[grafana]'"
        ) from None
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise BadUsage(f"--url {url!r}", expected="http://host:port, with a path if it has one")
    # Without a slash at its end, a path would run into that of the API.
    grafana = GrafanaApi.from_url(f"{url.rstrip('/')}/", credential=token)
    try:
        answer = grafana.client.GET("/health")
        if not isinstance(answer, dict) or "database" not in answer:
            raise Unavailable(f"{url} answers, but is no Grafana", remedy="give its --url")
        yield grafana
    except (GrafanaException, OSError) as error:
        raise Unavailable(
            f"Grafana at {url}: {error}",
            remedy="is it up, the token an Admin's, and nothing of this provisioned from files?",
        ) from None
    finally:
        grafana.client.s.close()


def _known(ask: Callable[[str], Json], uid: str) -> Json | None:
    """What Grafana has under a uid."""
    from grafana_client.client import GrafanaClientError

    try:
        return ask(uid)
    except GrafanaClientError as error:
        if error.status_code == NOT_FOUND:
            return None
        raise


def _folder(grafana: Any) -> str:
    known = _known(grafana.folder.get_folder, FOLDER_UID)
    is_so = known is not None and known["title"] == FOLDER_TITLE
    if known is None:
        grafana.folder.create_folder(FOLDER_TITLE, FOLDER_UID)
    elif not is_so:
        grafana.folder.update_folder(FOLDER_UID, title=FOLDER_TITLE, overwrite=True)
    return _done(f"folder {FOLDER_TITLE}", known, is_so=is_so)


def _datasource(grafana: Any, source: Json) -> str:
    """Make or mend it, and see that Grafana reaches the database with it."""
    known, uid = _known(grafana.datasource.get_datasource_by_uid, source["uid"]), source["uid"]
    is_so = known is not None and _is_within(source, known)
    # A password cannot be read back: whether it is still right, only the database can tell.
    is_so = is_so and not _complaint(grafana, uid)
    if known is None:
        grafana.datasource.create_datasource(source)
    elif not is_so:
        # Whether questions without a data source go here is for whoever owns that Grafana.
        grafana.datasource.update_datasource_by_uid(
            uid, {**source, "isDefault": known.get("isDefault", False)}
        )
    complaint = "" if is_so else _complaint(grafana, uid)
    if complaint:
        raise Unavailable(
            f"Grafana does not reach the read model at {source['url']}: {complaint}",
            remedy="TWIN_DATABASE_URL and TWIN_READER_PASSWORD have to hold where Grafana runs",
        )
    return _done(f"data source {source['name']}", known, is_so=is_so)


def _complaint(grafana: Any, uid: str) -> str:
    """What is wrong with a data source, in Grafana's words; empty if it answers."""
    from grafana_client.client import GrafanaBadInputError

    try:
        grafana.datasource.health(uid)
    except GrafanaBadInputError as error:
        return str(error.response.get("message", error.response))
    return ""


def _is_within(wanted: Json, known: Json) -> bool:
    """Whether all is so that can be read back."""

    def is_so(name: str, value: object) -> bool:
        found = known.get(name)
        return _is_within(value, found or {}) if isinstance(value, dict) else value == found

    return all(is_so(*each) for each in wanted.items() if each[0] != "secureJsonData")


def _dashboard(grafana: Any, board: Json) -> str:
    known = _known(grafana.dashboard.get_dashboard, board["uid"])
    is_so = (
        known is not None
        and known["meta"].get("folderUid") == FOLDER_UID
        and {k: v for k, v in known["dashboard"].items() if k not in GRAFANAS_OWN} == board
    )
    if not is_so:
        grafana.dashboard.update_dashboard(
            {"dashboard": board, "folderUid": FOLDER_UID, "overwrite": True}
        )
    return _done(f"{FOLDER_TITLE}/{board['title']}", known, is_so=is_so)


def _done(what: str, known: Json | None, *, is_so: bool) -> str:
    if known is None:
        return f"{what}: made"
    return f"{what}: as it was" if is_so else f"{what}: mended"
