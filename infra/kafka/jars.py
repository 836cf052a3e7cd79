"""The broker's jars: fetched once by Maven, named in ``pom.xml``, shared by every folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from streams.log.ownership import claimed
from twin.errors import Unavailable

POM: Final = Path(__file__).with_name("pom.xml")
FETCH_TIMEOUT_S: Final = 600.0
JAVA_VERSION: Final = 17


def java() -> str:
    """The path of Java; ``Unavailable`` without one."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if found is None:
        raise Unavailable(
            "no java on the path", remedy=f"install Java {JAVA_VERSION} or later, or set JAVA_HOME"
        )
    return found


def class_path() -> str:
    """Where Java finds the broker; fetched first, if this machine does not have it yet.

    ``Unavailable`` when Maven is missing or cannot fetch.
    """
    digest = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    folder = _cache() / f"kafka-{digest}"
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with claimed(folder.with_suffix(".lock")):
            if not folder.exists():
                _fetch(folder)
    return f"{folder}/*"


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "spacex-xai-twin"


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise Unavailable("no mvn on the path, to fetch Kafka's jars", remedy="install Maven")
    unfinished = folder.with_suffix(f".{os.getpid()}")
    command = [maven, "--batch-mode", "--quiet", "--file", str(POM)]
    command += ["dependency:copy-dependencies", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(
            [*command, f"-DoutputDirectory={unfinished}"],
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_TIMEOUT_S,
        )
        if done.returncode:
            raise Unavailable(
                f"Maven could not fetch Kafka's jars: {_last_line(done.stdout + done.stderr)}",
                remedy="look at the network and at Maven's settings, then try again",
            )
        # Whole or not at all, whenever this process ends.
        unfinished.rename(folder)
    except subprocess.TimeoutExpired:
        raise Unavailable(
            f"Maven took over {FETCH_TIMEOUT_S:g} s to fetch Kafka's jars", remedy="try again"
        ) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if "ERROR" in line] or output.splitlines()
    return lines[0].removeprefix("[ERROR]").strip() if lines else "it said nothing"
