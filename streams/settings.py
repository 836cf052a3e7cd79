"""What an installation may decide, from ``TWIN_…`` variables; each has a default that works.

A variable that is no setting is refused: it is one that was mistyped.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from streams.log.address import address_of, without_secret
from streams.log.opening import open_log
from streams.log.port import Log
from streams.log.security import MECHANISMS, PROTOCOLS, Security
from streams.store.address import database_address
from twin.errors import BadInput
from twin.suggest import nearest

PREFIX = "TWIN_"
LOG_LEVELS = ("debug", "info", "warning", "error")
FRAMES_MOST_BYTES = 10**15
"""So many bytes of frames are no bound at all."""


class Bounds(msgspec.Struct, frozen=True):
    """Which numbers make sense, both ends included."""

    least: float
    most: float
    is_whole: bool = True

    def __str__(self) -> str:
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} from {self.least:.16g} to {self.most:.16g}"


class Setting(msgspec.Struct, frozen=True):
    """One variable: what it is for, as the README and ``twin --help`` print it."""

    variable: str
    meaning: str
    default: str
    bounds: Bounds | None = None


SETTINGS: tuple[Setting, ...] = (
    Setting("TWIN_DIR", "Folder of the log, the read model and the lock files.", "var"),
    Setting(
        "TWIN_BROKER_URL",
        "The log: `log:///path/log.db`, percent-encoded, or `kafka://host:port[/name]`.",
        "log://<TWIN_DIR>/log.db",
    ),
    Setting(
        "TWIN_DATABASE_URL",
        "The read model: `sqlite:////path/twin.db`, percent-encoded, or"
        " `postgresql+psycopg://user:password@host/name`.",
        "sqlite:///<TWIN_DIR>/twin.db",
    ),
    Setting("TWIN_HOST", "Address the API listens on.", "127.0.0.1"),
    Setting(
        "TWIN_TRUST_NETWORK",
        "`yes` where only friends reach the API: it may then listen beyond this machine.",
        "no",
    ),
    Setting("TWIN_PORT", "Port the API listens on; 0 picks a free one.", "8000", Bounds(0, 65_535)),
    Setting(
        "TWIN_FRAMES_KEPT_BYTES",
        "Bytes of frames that are kept of each topic; on Kafka no bound, unless one is given.",
        "2147483648",
        Bounds(1, FRAMES_MOST_BYTES),
    ),
    Setting(
        "TWIN_FRAMES_KEPT_S",
        "Seconds for which frames are kept.",
        "604800",
        Bounds(1, 10**9, is_whole=False),
    ),
    Setting("TWIN_SNAPSHOT_TICKS", "Ticks from one snapshot to the next.", "50", Bounds(1, 10**6)),
    Setting(
        "TWIN_PATIENCE_S",
        "Seconds to wait for a silent source.",
        "30",
        Bounds(0, 10**6, is_whole=False),
    ),
    Setting(
        "TWIN_SCENARIO_TICKS",
        "Ticks of a scenario that the API folds for one answer.",
        "50000",
        Bounds(1, 10**9),
    ),
    Setting(
        "TWIN_RETRY_MAX_S",
        "Seconds for which a log or a database that does not answer is asked again.",
        "120",
        Bounds(0, 10**6, is_whole=False),
    ),
    Setting(
        "TWIN_MEMBER",
        "On Kafka: name of this process among its like. Started again under it, it goes on at once"
        " where it was; without one the others wait until it is given up.",
        "",
    ),
    Setting(
        "TWIN_KAFKA_REPLICAS",
        "Brokers that keep a new topic; all but one must be there to write.",
        "1",
        Bounds(1, 100),
    ),
    Setting("TWIN_KAFKA_PROTOCOL", f"One of {', '.join(PROTOCOLS)}.", "PLAINTEXT"),
    Setting("TWIN_KAFKA_MECHANISM", f"With SASL: one of {', '.join(MECHANISMS)}.", "SCRAM-SHA-512"),
    Setting("TWIN_KAFKA_USERNAME", "With SASL: who we are.", ""),
    Setting("TWIN_KAFKA_PASSWORD", "With SASL: how we prove it.", ""),
    Setting("TWIN_KAFKA_CA_FILE", "With TLS: whom to trust, a file in PEM.", ""),
    Setting("TWIN_KAFKA_CERTIFICATE_FILE", "With TLS: our own certificate, if asked for.", ""),
    Setting("TWIN_KAFKA_KEY_FILE", "With TLS: its key, if that is another file.", ""),
    Setting(
        "TWIN_READER_PASSWORD",
        "For `twin setup`: password of the role that may only read, on PostgreSQL.",
        "",
    ),
    Setting(
        "TWIN_GRAFANA_TOKEN",
        "For `twin grafana apply`: token of a service account with the role Admin.",
        "",
    ),
    Setting(
        "TWIN_ALIVE_FILE",
        "A file that `twin worker` and `twin simulate` touch every few seconds, while log and"
        " database answer: for health checks.",
        "",
    ),
    Setting(
        "TWIN_LOG_LEVEL",
        f"Least severity that is logged: {', '.join(LOG_LEVELS[:-1])} or {LOG_LEVELS[-1]}.",
        "warning",
    ),
)
SECRET = ("TWIN_KAFKA_PASSWORD", "TWIN_READER_PASSWORD", "TWIN_GRAFANA_TOKEN")
_BY_VARIABLE = {setting.variable: setting for setting in SETTINGS}


class Settings(msgspec.Struct, frozen=True):
    """The decisions in force."""

    directory: Path
    broker_url: str
    database_url: str
    host: str
    trusts_network: bool
    port: int
    frames_kept_bytes: int
    frames_kept_s: float
    snapshot_ticks: int
    patience_s: float
    scenario_ticks: int
    retry_max_s: float
    member: str
    replicas_count: int
    security: Security
    reader_password: str
    grafana_token: str
    alive_file: str
    log_level: str

    def __repr__(self) -> str:
        """Without passwords and tokens: settings end up in messages and in traces."""
        said = ", ".join(
            f"{variable}={'…' if word and variable in SECRET else without_secret(word)!r}"
            for variable, word in self.environment().items()
        )
        return f"Settings({said})"

    def environment(self) -> dict[str, str]:
        """The variables that give a child process the same settings."""
        return {
            "TWIN_DIR": str(self.directory),
            "TWIN_BROKER_URL": self.broker_url,
            "TWIN_DATABASE_URL": self.database_url,
            "TWIN_HOST": self.host,
            "TWIN_TRUST_NETWORK": "yes" if self.trusts_network else "no",
            "TWIN_PORT": str(self.port),
            "TWIN_FRAMES_KEPT_BYTES": str(self.frames_kept_bytes),
            "TWIN_FRAMES_KEPT_S": str(self.frames_kept_s),
            "TWIN_SNAPSHOT_TICKS": str(self.snapshot_ticks),
            "TWIN_PATIENCE_S": str(self.patience_s),
            "TWIN_SCENARIO_TICKS": str(self.scenario_ticks),
            "TWIN_RETRY_MAX_S": str(self.retry_max_s),
            "TWIN_MEMBER": self.member,
            "TWIN_KAFKA_REPLICAS": str(self.replicas_count),
            "TWIN_KAFKA_PROTOCOL": self.security.protocol,
            "TWIN_KAFKA_MECHANISM": self.security.mechanism,
            "TWIN_KAFKA_USERNAME": self.security.username,
            "TWIN_KAFKA_PASSWORD": self.security.password,
            "TWIN_KAFKA_CA_FILE": self.security.ca_file,
            "TWIN_KAFKA_CERTIFICATE_FILE": self.security.certificate_file,
            "TWIN_KAFKA_KEY_FILE": self.security.key_file,
            "TWIN_READER_PASSWORD": self.reader_password,
            "TWIN_GRAFANA_TOKEN": self.grafana_token,
            "TWIN_ALIVE_FILE": self.alive_file,
            "TWIN_LOG_LEVEL": self.log_level,
        }


def load_settings(
    environ: Mapping[str, str] = os.environ,
    *,
    directory: Path | None = None,
    port: int | None = None,
) -> Settings:
    """Settings from the environment; arguments win, and an empty variable is as good as none.

    The log and the read model lie in the directory, unless a variable says otherwise. ``BadInput``
    names the variable that is off, what it is and what it may be.
    """
    _refuse_unknown(environ)
    given = environ if port is None else {**environ, "TWIN_PORT": str(port)}
    root = (directory or Path(_word(environ, "TWIN_DIR"))).resolve()
    broker_url = _broker(environ.get("TWIN_BROKER_URL")) or f"log://{_encoded(root / 'log.db')}"
    return Settings(
        directory=root,
        broker_url=broker_url,
        database_url=_database(environ.get("TWIN_DATABASE_URL"))
        or f"sqlite:///{_encoded(root / 'twin.db')}",
        host=_word(given, "TWIN_HOST"),
        trusts_network=_one_of(given, "TWIN_TRUST_NETWORK", ("no", "yes")) == "yes",
        port=int(_number(given, "TWIN_PORT")),
        frames_kept_bytes=_frames_kept_bytes(given, broker_url),
        frames_kept_s=_number(given, "TWIN_FRAMES_KEPT_S"),
        snapshot_ticks=int(_number(given, "TWIN_SNAPSHOT_TICKS")),
        patience_s=_number(given, "TWIN_PATIENCE_S"),
        scenario_ticks=int(_number(given, "TWIN_SCENARIO_TICKS")),
        retry_max_s=_number(given, "TWIN_RETRY_MAX_S"),
        member=_word(given, "TWIN_MEMBER"),
        replicas_count=int(_number(given, "TWIN_KAFKA_REPLICAS")),
        security=_security(given),
        reader_password=_word(given, "TWIN_READER_PASSWORD"),
        grafana_token=_word(given, "TWIN_GRAFANA_TOKEN"),
        alive_file=_word(given, "TWIN_ALIVE_FILE"),
        log_level=_one_of(given, "TWIN_LOG_LEVEL", LOG_LEVELS),
    )


def _frames_kept_bytes(given: Mapping[str, str], broker_url: str) -> int:
    """A broker holds nothing back for a slow reader: there time alone limits, unless told."""
    bounds = _BY_VARIABLE["TWIN_FRAMES_KEPT_BYTES"].bounds
    assert bounds is not None, "a number has bounds"
    if address_of(broker_url).path is None and not given.get("TWIN_FRAMES_KEPT_BYTES"):
        return int(bounds.most)
    return int(_number(given, "TWIN_FRAMES_KEPT_BYTES"))


def open_the_log(settings: Settings) -> Log:
    """The log of these settings."""
    return open_log(
        settings.broker_url, security=settings.security, replicas_count=settings.replicas_count
    )


def _security(given: Mapping[str, str]) -> Security:
    """``BadInput`` where the protocol lacks what it needs."""
    security = Security(
        protocol=_one_of(given, "TWIN_KAFKA_PROTOCOL", PROTOCOLS),
        mechanism=_one_of(given, "TWIN_KAFKA_MECHANISM", MECHANISMS),
        username=_word(given, "TWIN_KAFKA_USERNAME"),
        password=_word(given, "TWIN_KAFKA_PASSWORD"),
        ca_file=_word(given, "TWIN_KAFKA_CA_FILE"),
        certificate_file=_word(given, "TWIN_KAFKA_CERTIFICATE_FILE"),
        key_file=_word(given, "TWIN_KAFKA_KEY_FILE"),
    )
    if security.has_sasl and not (security.username and security.password):
        variable = "TWIN_KAFKA_PASSWORD" if security.username else "TWIN_KAFKA_USERNAME"
        raise BadInput(
            f"TWIN_KAFKA_PROTOCOL={security.protocol} without {variable}",
            expected="a user and a password",
            field=variable,
        )
    return security


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    for variable in environ:
        if variable.startswith(PREFIX) and variable not in _BY_VARIABLE:
            raise BadInput(
                f"{variable}, which is not a setting",
                expected=nearest(variable, _BY_VARIABLE),
                field=variable,
            )


def _broker(url: str | None) -> str | None:
    """The address as given; ``BadInput`` if it names no log."""
    if url:
        try:
            address_of(url)
        except BadInput as error:
            raise BadInput(
                f"TWIN_BROKER_URL={without_secret(url)!r}",
                expected=error.expected,
                field="TWIN_BROKER_URL",
            ) from None
    return url


def _database(url: str | None) -> str | None:
    """The address as given; ``BadInput`` if it names no database this Python can talk to."""
    if url and not url.startswith("sqlite:////"):
        database_address(url)
    return url


def _encoded(path: Path) -> str:
    """A path as part of an address: what would end or change it there is percent-encoded."""
    try:
        return quote(str(path))
    except UnicodeEncodeError:
        raise BadInput(
            f"folder {str(path.parent)!r}", expected="a name in UTF-8", field="TWIN_DIR"
        ) from None


def _word(environ: Mapping[str, str], variable: str) -> str:
    return environ.get(variable) or _BY_VARIABLE[variable].default


def _number(environ: Mapping[str, str], variable: str) -> float:
    word, bounds = _word(environ, variable), _BY_VARIABLE[variable].bounds
    assert bounds is not None, "a number has bounds"
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not bounds.least <= value <= bounds.most or (bounds.is_whole and not value.is_integer()):
        raise BadInput(f"{variable}={word!r}", expected=str(bounds), field=variable)
    return value


def _one_of(environ: Mapping[str, str], variable: str, known: tuple[str, ...]) -> str:
    word = _word(environ, variable)
    if word not in known:
        raise BadInput(
            f"{variable}={word!r}", expected=f"one of {', '.join(known)}", field=variable
        )
    return word
