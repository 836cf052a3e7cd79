"""A broker that wants TLS and SCRAM: publishers, readers and agents prove who they are."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka import broker
from infra.kafka.properties import HOST
from tests.contract.conftest import Command, as_json, committed
from tests.servers import free_port, needs_servers

USER, PASSWORD = "twin", "correct horse"
SMALL = ("--satellites", "60", "--speed", "max")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine that signs itself, with its key; and one nobody has shown."""
    needs_servers()
    assert shutil.which("openssl"), "install the package openssl"
    folder = tmp_path_factory.mktemp("certificates")
    for name in ("broker", "stranger"):
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", "/CN=twin", "-addext", f"subjectAltName=IP:{HOST}"),
                *("-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"),
            ],
            check=True,
            capture_output=True,
        )
    both = (folder / "broker.key").read_text() + (folder / "broker.pem").read_text()
    (folder / "keystore.pem").write_text(both)
    return folder


@pytest.fixture(scope="module")
def secured(
    tmp_path_factory: pytest.TempPathFactory, certificates: Path
) -> Iterator[dict[str, str]]:
    """The settings of a twin on a broker of its own, which nobody else may use."""
    folder, port = tmp_path_factory.mktemp("secured"), free_port(3)
    plain, controller = f"PLAINTEXT://{HOST}:{port}", f"CONTROLLER://{HOST}:{port + 1}"
    guarded = f"GUARDED://{HOST}:{port + 2}"
    given = {
        "listeners": f"{plain},{controller},{guarded}",
        "advertised.listeners": f"{plain},{guarded}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "GUARDED:SASL_SSL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.guarded.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security"
        ".scram.ScramLoginModule required;",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates / "keystore.pem"),
    }
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    broker.start(folder, port, given=given, format_arguments=("--add-scram", user))
    yield {
        "TWIN_BROKER_URL": f"kafka://{HOST}:{port + 2}",
        "TWIN_KAFKA_PROTOCOL": "SASL_SSL",
        "TWIN_KAFKA_MECHANISM": "SCRAM-SHA-512",
        "TWIN_KAFKA_USERNAME": USER,
        "TWIN_KAFKA_PASSWORD": PASSWORD,
        "TWIN_KAFKA_CA_FILE": str(certificates / "broker.pem"),
    }
    broker.stop(folder)


def test_a_world_is_published_observed_kept_and_replayed_over_scram_and_tls(
    twin: Command, secured: dict[str, str]
) -> None:
    folder = twin.demo("--ticks", "4", **secured)

    replayed = as_json(twin.run("replay", "--json", "--dir", str(folder), **secured))

    assert len(committed(folder)) == 4
    assert (replayed["records"], replayed["agrees"]) == (4, True)


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--ticks", "1", *SMALL),
        ("worker", "--role", "observe"),
        ("worker", "--role", "sequence", "--role", "keep"),
        ("demo", "--plain", "--ticks", "1", "--port", "0", *SMALL),
        ("topics",),
        ("replay",),
    ],
    ids=lambda words: " ".join(words[:3]),
)
def test_a_wrong_password_is_bad_usage_at_once_and_is_not_repeated(
    twin: Command, secured: dict[str, str], words: tuple[str, ...]
) -> None:
    wrong = {**secured, "TWIN_KAFKA_PASSWORD": "battery staple", "TWIN_RETRY_MAX_S": "600"}

    done = twin.run(*words, "--dir", str(twin.folder / "var"), **wrong)

    assert done.returncode == 2, done.stderr
    assert "refuses us: SaslAuthenticationFailed" in done.stderr
    assert "TWIN_KAFKA_" in done.stderr.splitlines()[-1]
    assert "battery staple" not in done.stderr


def test_a_broker_that_shows_another_certificate_is_not_trusted(
    twin: Command, secured: dict[str, str], certificates: Path
) -> None:
    other = {**secured, "TWIN_KAFKA_CA_FILE": str(certificates / "stranger.pem")}

    done = twin.run("topics", "--dir", str(twin.folder / "var"), **other)

    assert done.returncode == 2, done.stderr
    assert "no trust between us and the broker" in done.stderr
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
