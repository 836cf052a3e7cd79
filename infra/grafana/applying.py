"""Our dashboards into a Grafana that runs already: folder, data source, dashboards, each by uid.

Applied twice, nothing is there twice; what people changed by hand is as the code says again.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import make_url

from infra.grafana.overview import overview
from infra.grafana.panels import DATASOURCE_UID, Json
from infra.setting_up import READER
from infra.usage import BadUsage
from streams.settings import Settings
from twin.errors import Unavailable

FOLDER_UID: Final = "twin"
FOLDER_TITLE: Final = "Twin"


def apply(settings: Settings, url: str) -> list[str]:
    """Make or mend it all; what was done, for people.

    ``BadUsage`` without a token or a read model on PostgreSQL, ``Unavailable`` if Grafana refuses.
    """
    if not settings.grafana_token:
        raise BadUsage(
            "no TWIN_GRAFANA_TOKEN",
            expected="the token of a service account that may edit",
            field="TWIN_GRAFANA_TOKEN",
        )
    source = datasource(settings)
    grafana, refusals = _client(url, settings.grafana_token)
    try:
        _folder(grafana)
        _datasource(grafana, source)
        grafana.dashboard.update_dashboard(
            {"dashboard": overview(), "folderUid": FOLDER_UID, "overwrite": True}
        )
    except refusals as error:
        raise Unavailable(
            f"Grafana at {url}: {error}", remedy="is it up, and the token one of its?"
        ) from None
    return [f"data source {source['name']}", f"{FOLDER_TITLE}/{overview()['title']}"]


def datasource(settings: Settings) -> Json:
    """Grafana's own PostgreSQL data source, as the role that may only read."""
    address = make_url(settings.database_url)
    if address.get_backend_name() != "postgresql" or not settings.reader_password:
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
        "database": address.database,
        "isDefault": True,
        "jsonData": {
            "database": address.database,
            "sslmode": "disable",
            "postgresVersion": 1500,
            "maxOpenConns": 8,
        },
        "secureJsonData": {"password": settings.reader_password},
    }


def _client(url: str, token: str) -> tuple[Any, tuple[type[Exception], ...]]:
    """Grafana's client, and what it raises."""
    try:
        # It replaces a package others need (urllib3), so it is no part of the service.
        from grafana_client import GrafanaApi
        from grafana_client.client import GrafanaException
    except ModuleNotFoundError:
        raise Unavailable(
            "no grafana-client in this Python", remedy="pip install 'spacex-xai-twin[grafana]'"
        ) from None
    return GrafanaApi.from_url(url, credential=token), (GrafanaException, OSError)


def _folder(grafana: Any) -> None:
    known = {folder["uid"] for folder in grafana.folder.get_all_folders()}
    if FOLDER_UID not in known:
        grafana.folder.create_folder(FOLDER_TITLE, FOLDER_UID)


def _datasource(grafana: Any, source: Json) -> None:
    known = {each["uid"]: each["id"] for each in grafana.datasource.list_datasources()}
    if source["uid"] in known:
        grafana.datasource.update_datasource_by_uid(source["uid"], source)
    else:
        grafana.datasource.create_datasource(source)
