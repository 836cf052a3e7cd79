"""Numbers about the twin and the API in the text form that Prometheus scrapes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from streams.store.queries import TickInfo, TickSums
from twin.units import NS_PER_S

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]


class Metric(msgspec.Struct, frozen=True):
    """One metric: what it means, its kind, and a value for each set of labels."""

    name: str
    kind: str
    meaning: str
    samples: tuple[Sample, ...]


class RequestCounts:
    """Answers given so far, by route, method and status."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, int]] = Counter()
        self._lock = threading.Lock()

    def add(self, route: str, method: str, status: int) -> None:
        with self._lock:
            self._counts[route, method, status] += 1

    def samples(self) -> tuple[Sample, ...]:
        with self._lock:
            counts = sorted(self._counts.items())
        return tuple(
            ({"route": route, "method": method, "status": str(status)}, float(count))
            for (route, method, status), count in counts
        )


class RunningSums:
    """Sums over all ticks, brought up to date by adding the ticks since the last look."""

    def __init__(self) -> None:
        self._sums = TickSums(0, 0, 0, 0, 0, 0, 0, 0, 0)
        self._lock = threading.Lock()

    @property
    def number(self) -> int:
        """The last record that is in the sums."""
        return self._sums.number

    def advanced(self, more: TickSums, *, from_number: int) -> TickSums:
        """The sums with these ticks added, unless another thread was faster."""
        with self._lock:
            if self._sums.number == from_number:
                values = [
                    more.number if name == "number" else getattr(self._sums, name) + value
                    for name, value in msgspec.structs.asdict(more).items()
                ]
                self._sums = TickSums(*values)
            return self._sums


def twin_metrics(
    tick: TickInfo, sums: TickSums, *, alerts: Mapping[str, int], lag_s: float | None, now_ns: int
) -> list[Metric]:
    """What the newest tick and all before it say."""
    label = {"branch": tick.branch}
    age_s = max(0, now_ns - tick.committed_ns) / NS_PER_S
    lag = ((label, lag_s),) if lag_s is not None else ()
    return [
        _gauge("twin_tick_number", "Record of the newest committed tick.", label, tick.number),
        _gauge(
            "twin_tick_timestamp_seconds",
            "End of the newest tick in twin time, since 1970.",
            label,
            tick.tick_ns / NS_PER_S,
        ),
        _gauge("twin_tick_age_seconds", "Wall time since it was committed.", label, age_s),
        Metric("twin_lag_seconds", "gauge", "Wall time from the source's word to commit.", lag),
        _gauge("twin_record_bytes", "Size of the newest record.", label, tick.record_bytes),
        Metric(
            "twin_alerts_open",
            "gauge",
            "Open alarms by severity.",
            tuple(
                ({**label, "severity": severity}, float(alerts.get(severity, 0)))
                for severity in ("warning", "critical")
            ),
        ),
        *(
            _counter(f"twin_{name}_total", f"{meaning} since the beginning.", label, value)
            for name, meaning, value in (
                ("ticks", "Ticks committed", sums.ticks_count),
                ("frames", "Frames folded", sums.frames_count),
                ("rows", "Rows of telemetry folded", sums.rows_count),
                ("events", "Events folded", sums.events_count),
                ("late_frames", "Frames that came after their tick closed", sums.late_count),
                ("duplicates", "Repeated words dropped", sums.duplicate_count),
                ("quarantined", "Words no one can read", sums.quarantined_count),
                ("refused", "Events whose meaning cannot hold", sums.refused_count),
            )
        ),
    ]


def api_metrics(counts: RequestCounts, *, streams_count: int, frames_bytes: int) -> list[Metric]:
    """What this process does."""
    requests = Metric("api_requests_total", "counter", "Answers given.", counts.samples())
    return [
        requests,
        _gauge("api_streams_open", "Streams open now.", {}, streams_count),
        _gauge("api_frames_in_memory_bytes", "Frames kept at hand.", {}, frames_bytes),
    ]


def exposition(metrics: Iterable[Metric]) -> bytes:
    """The metrics as text."""
    lines: list[str] = []
    for metric in metrics:
        lines += [
            f"# HELP {metric.name} {metric.meaning}",
            f"# TYPE {metric.name} {metric.kind}",
            *(f"{metric.name}{_labels(labels)} {value!r}" for labels, value in metric.samples),
        ]
    return ("\n".join(lines) + "\n").encode()


def _gauge(name: str, meaning: str, labels: Mapping[str, str], value: float) -> Metric:
    return Metric(name, "gauge", meaning, ((labels, float(value)),))


def _counter(name: str, meaning: str, labels: Mapping[str, str], value: float) -> Metric:
    return Metric(name, "counter", meaning, ((labels, float(value)),))


def _labels(labels: Mapping[str, str]) -> str:
    said = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{said}}}" if said else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
