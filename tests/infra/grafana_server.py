"""What of Grafana's HTTP API ``twin grafana apply`` uses, over real HTTP, as Grafana 9.4 answers.

It keeps what it is given in memory and writes down what was asked of it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

Json = dict[str, Any]
Answer = tuple[int, Json]

TOKEN = "glsa_for-this-test-alone"


class GrafanaLike:
    """Folders, data sources and dashboards; ``password`` is the one the database takes."""

    def __init__(self, *, password: str) -> None:
        self.password = password
        self.folders: dict[str, Json] = {}
        self.sources: dict[str, Json] = {}
        self.secrets: dict[str, Json] = {}
        self.boards: dict[str, Json] = {}
        self.asked: list[tuple[str, str, Json | None]] = []

    @property
    def written(self) -> list[tuple[str, str]]:
        """What was asked for that changes something."""
        return [(method, path) for method, path, _ in self.asked if method != "GET"]

    def answer(self, method: str, path: str, body: Json | None) -> Answer:
        """What Grafana says to a request below ``/api``."""
        self.asked.append((method, path, body))
        match method, path.strip("/").split("/"), body:
            case "GET", ["health"], None:
                return 200, {"commit": "8f3e923", "database": "ok", "version": "9.4.0"}
            case "GET", ["folders", uid], None:
                return _found(self.folders, uid, "folder not found")
            case "PUT", ["folders", uid], {"title": title, "overwrite": True}:
                self.folders[uid] |= {"title": title}
                return 200, self.folders[uid]
            case "POST", ["folders"], {"uid": uid, "title": _}:
                self.folders[uid] = {"id": 1, **body}
                return 200, self.folders[uid]
            case "GET", ["datasources", "uid", uid], None:
                return _found(self.sources, uid, "Data source not found")
            case "POST", ["datasources"], {"uid": uid, "name": _, "type": _, "access": _}:
                return self._source(uid, body, "Datasource added")
            case "PUT", ["datasources", "uid", uid], {"name": _, "type": _, "access": _}:
                return self._source(uid, body, "Datasource updated")
            case "GET", ["datasources", "uid", uid, "health"], None:
                return self._health(uid)
            case "GET", ["dashboards", "uid", uid], None:
                return _found(self.boards, uid, "Dashboard not found")
            case "POST", ["dashboards", "db"], {"dashboard": {"uid": _}, "folderUid": _}:
                return self._board(body)
        return 400, {"message": "bad request data"}

    def _source(self, uid: str, body: Json, message: str) -> Answer:
        self.secrets[uid] = body.get("secureJsonData", {})
        kept = {name: value for name, value in body.items() if name != "secureJsonData"}
        self.sources[uid] = {"id": 1, "isDefault": False, "readOnly": False, **kept}
        return 200, {"datasource": self.sources[uid], "id": 1, "message": message}

    def _health(self, uid: str) -> Answer:
        if self.secrets[uid].get("password") == self.password:
            return 200, {"message": "Database Connection OK", "status": "OK"}
        said = 'pq: password authentication failed for user "twin_reader"'
        return 400, {"message": said, "status": "ERROR"}

    def _board(self, body: Json) -> Answer:
        uid = body["dashboard"]["uid"]
        known = self.boards.get(uid)
        if known is not None and not body.get("overwrite"):
            return 412, {"message": "The dashboard has been changed by someone else"}
        version = known["dashboard"]["version"] + 1 if known is not None else 1
        self.boards[uid] = {
            "meta": {"folderUid": body["folderUid"], "provisioned": False, "version": version},
            "dashboard": {**body["dashboard"], "id": 1, "version": version},
        }
        return 200, {"id": 1, "status": "success", "uid": uid, "version": version}


def _found(kept: dict[str, Json], uid: str, otherwise: str) -> Answer:
    return (200, kept[uid]) if uid in kept else (404, {"message": otherwise})


class _Handler(BaseHTTPRequestHandler):
    """One request: who asks, what is asked, what is answered."""

    grafana: ClassVar[GrafanaLike]
    prefix: ClassVar[str]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Nothing: a test is quiet."""

    def _answer(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        below = f"{self.prefix}/api"
        path = self.path.partition("?")[0]
        if not path.startswith(f"{below}/"):
            return self._say(200, b"<html>somebody's site</html>", "text/html")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" and path != f"{below}/health":
            return self._say(401, json.dumps({"message": "Invalid API key"}).encode())
        status, answer = self.grafana.answer(self.command, path.removeprefix(below), body)
        return self._say(status, json.dumps(answer).encode())

    def _say(self, status: int, body: bytes, media: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def served(grafana: GrafanaLike, *, prefix: str = "") -> Iterator[str]:
    """The address of a server of it on this machine, below a path if one is given."""
    handler = type("Handler", (_Handler,), {"grafana": grafana, "prefix": prefix})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
        server.shutdown()
        thread.join()
