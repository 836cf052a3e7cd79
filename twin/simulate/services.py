"""What users ask of a world: its services, and how much is asked of each in a tick.

Of radio, what users ask is counted where satellites pass over them, of all satellites, up or not:
a loss leaves the demand as it was. Of inference, it is requests by the hour of the day and luck, or
those of a real trace. All of it is integers.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from twin.arrays import IntArray
from twin.baseline import Baseline, DemandProfile
from twin.business.ledger import COMPUTE_SOLD
from twin.business.market import ACCELERATORS, DOWNLINK
from twin.business.needs import COMMERCIAL_PRIORITY
from twin.events import DemandRow, ServiceRegistered
from twin.regions import ORBIT
from twin.simulate.demand import asked_everywhere
from twin.simulate.llm_trace import LlmTrace
from twin.simulate.luck import draw, triangular
from twin.simulate.purposes import Purpose
from twin.simulate.training import BACKGROUND_PRIORITY, TRAINING
from twin.units import NS_PER_S

S_PER_D: Final = 86_400
GROK: Final = "grok"
GROK_GOV: Final = "grok-gov"
GOVERNMENT_LEVEL: Final = "IL5"

RADIO: Final = {"communications": "starlink", "mobile": "mobile", "defense": "defense"}
"""The service that carries a demand profile."""


class Offered(NamedTuple):
    """A service of a world, and its label: that of the segments it runs on."""

    fact: ServiceRegistered
    label: str


class Inference(NamedTuple):
    """The numbers of one inference service, by the second where they are a rate."""

    service: str
    per_s: float
    profile: DemandProfile
    input_tok: float
    output_tok: float
    prefill_fraction: float
    accelerator_tok_per_s: float
    noise_fraction: float
    trace: LlmTrace | None
    trace_scale_count: int


def offered_services(baseline: Baseline) -> tuple[Offered, ...]:
    """The services of a world, but those that have no place in it."""
    plans = baseline.satellite_segments
    labels = {site.segment: site.label for site in baseline.sites}
    labels |= {plan.segment: plan.label for plan in plans}
    ground = tuple(site.segment for site in baseline.sites)
    in_orbit = tuple(
        plan.segment
        for plan in plans
        if baseline.satellite_class(plan.class_name).accelerators_count
    )
    facts = [
        ServiceRegistered(
            service=service,
            resource=DOWNLINK,
            segments=tuple(plan.segment for plan in plans if plan.demand == profile),
            priority=COMMERCIAL_PRIORITY,
        )
        for profile, service in RADIO.items()
    ]
    for service, places, priority, level in (
        (GROK, (*in_orbit, *ground), COMMERCIAL_PRIORITY, ""),
        (GROK_GOV, ground, COMMERCIAL_PRIORITY, GOVERNMENT_LEVEL),
        (COMPUTE_SOLD, ground, COMMERCIAL_PRIORITY, ""),
        (TRAINING, (*in_orbit, *ground), BACKGROUND_PRIORITY, ""),
    ):
        facts.append(ServiceRegistered(service, ACCELERATORS, places, priority, level))
    return tuple(Offered(fact, labels[fact.segments[0]]) for fact in facts if fact.segments)


def radio_rows(asked_bps: Mapping[str, IntArray], regions: tuple[str, ...]) -> Iterator[DemandRow]:
    """What was asked of each service that is carried by radio, where anything was.

    ``asked_bps`` has one element a region, by service.
    """
    for service, by_region in asked_bps.items():
        for region, asked in zip(regions, by_region.tolist(), strict=True):
            if asked:
                yield DemandRow(service, region, DOWNLINK, asked)


def inference_of(
    baseline: Baseline, service: str, *, has_noise: bool, trace: LlmTrace | None = None
) -> Inference:
    """The numbers of a service; with a trace its requests are those of the trace."""
    place, load = f"demand.{service}", baseline.number("demand.inference.load_fraction")
    noise = baseline.number("demand.inference.noise_fraction") if has_noise else 0.0
    # Base 0.5 keeps the curve of a day within what a profile may be; a mean of 1 is made of it.
    profile = DemandProfile(
        name=service,
        clock="utc",
        base_fraction=0.5,
        amplitude_fraction=0.5 * baseline.number(f"{place}.amplitude_fraction"),
        peak_h=baseline.number(f"{place}.peak_h"),
    )
    return Inference(
        service=service,
        per_s=baseline.number(f"{place}.requests_count_per_d") / S_PER_D,
        profile=profile,
        input_tok=baseline.number(f"{place}.input-tokens_count"),
        output_tok=baseline.number(f"{place}.output-tokens_count"),
        prefill_fraction=baseline.number("demand.inference.prefill_fraction"),
        accelerator_tok_per_s=baseline.number("demand.inference.accelerator_tok_per_s") * load,
        noise_fraction=noise,
        trace=trace,
        trace_scale_count=round(baseline.number("demand.llm-trace.requests_count")),
    )


def inference_row(
    its: Inference, *, seed: int, number: int, tick_ns: int, interval_ns: int
) -> DemandRow:
    """What was asked of an inference service in the tick that ends at ``tick_ns``.

    A token that is read costs a part of one that is written; accelerators are rounded up.
    """
    dt_s = interval_ns / NS_PER_S
    if its.trace is None:
        requests, input_tok, output_tok = _drawn(its, seed, number, tick_ns, dt_s)
    else:
        counts = its.trace.counts(number, interval_ns)
        requests, input_tok, output_tok = (its.trace_scale_count * count for count in counts)
    work_tok = output_tok + input_tok * its.prefill_fraction
    return DemandRow(
        service=its.service,
        region=ORBIT,
        resource=ACCELERATORS,
        offered_qty=math.ceil(work_tok / (its.accelerator_tok_per_s * dt_s)),
        requests_count=requests,
        input_tok=input_tok,
        output_tok=output_tok,
    )


def _drawn(
    its: Inference, seed: int, number: int, tick_ns: int, dt_s: float
) -> tuple[int, int, int]:
    """Requests and tokens by the hour of the day, each with a luck of its own."""
    name = zlib.crc32(its.service.encode())
    words = draw(seed, int(Purpose.DEMAND), name, number)
    mean = its.per_s * dt_s * 2.0 * asked_everywhere(its.profile, tick_ns)
    requests = round(mean * (1.0 + its.noise_fraction * triangular(words[0], words[1])))
    length = 1.0 + its.noise_fraction * triangular(words[2], words[3])
    read, written = (round(requests * each * length) for each in (its.input_tok, its.output_tok))
    return requests, read, written
