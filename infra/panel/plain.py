"""The demo as lines: about one a second, each a whole picture."""

from __future__ import annotations

import sys
import time

from infra.panel.sight import Facts, Setting, Sight
from infra.words import amount, money, percent, rate, seconds, ticks
from twin.units import instant_text

EVERY_S = 1.0


class PlainLines:
    """Writes to stdout; what processes say goes to stderr."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        choice = setting.choice
        assumed = ", assumed throughout" if setting.is_assumed else ""
        what = "; ".join((f"{choice.fleet}{assumed}", *choice.inputs, choice.terms))
        self._write(f"{what}; in {setting.directory}")
        if setting.remark:
            self._write(setting.remark)
        self._write(f"{setting.url}/v1/twin  {setting.url}/docs")
        self._shown_s = 0.0
        self._shown_number = 0
        self._note = ""

    def show(self, sight: Sight) -> None:
        """A line, if there is a new tick and the last line is a second old."""
        if sight.note != self._note:
            self._note = sight.note
            print(sight.note, file=sys.stderr, flush=True)
        if time.monotonic() - self._shown_s >= EVERY_S:
            self._show(sight)

    def close(self, sight: Sight) -> None:
        """The last tick, and how to go on."""
        self._show(sight)
        if sight.seen.facts is None:
            self._write(f"stopped {self._setting.before}")
        else:
            closed = ticks(sight.seen.facts.number, begun_count=self._setting.begun_count)
            self._write(
                f"stopped after {closed}, {_replay(sight)}; the same command goes on from here"
            )

    def _show(self, sight: Sight) -> None:
        facts = sight.seen.facts
        if facts is None or facts.number == self._shown_number:
            return
        self._shown_s = time.monotonic()
        self._shown_number = facts.number
        self._write("  ".join([*_progress(facts, sight), *_state(facts), *_proof(facts, sight)]))

    def _write(self, line: str) -> None:
        print(line, flush=True)


def _progress(facts: Facts, sight: Sight) -> list[str]:
    return [
        instant_text(facts.tick_ns),
        f"tick {facts.number}",
        f"lag {seconds(facts.lag_s)}",
        f"{rate(sight.ticks_per_s)}",
    ]


def _state(facts: Facts) -> list[str]:
    orbit, ground = facts.orbit, facts.ground
    delivered = orbit.compute.delivered_count + ground.compute.delivered_count
    available = orbit.compute.available_count + ground.compute.available_count
    supplied_w = orbit.power.supplied_w + ground.power.supplied_w
    used_w = orbit.power.used_w + ground.power.used_w
    named = " ".join(alert.alarm_id for alert in facts.alerts[:3])
    more = f" +{len(facts.alerts) - 3}" if len(facts.alerts) > 3 else ""
    return [
        f"satellites {facts.satellites_up_count:,}/{facts.satellites_count:,}",
        f"sun {percent(facts.sunlit_fraction)}",
        f"accelerators {amount(delivered, '')}/{amount(available, '')}",
        f"power {amount(used_w, 'W')}/{amount(supplied_w, 'W')}",
        f"charge {percent(orbit.power.charge_fraction)}",
        f"revenue {money(facts.consolidated_usd_per_y)}/y",
        f"commitments {facts.promises.kept_count}/{facts.promises.running_count}",
        f"alerts {named}{more}" if facts.alerts else "alerts none",
    ]


def _proof(facts: Facts, sight: Sight) -> list[str]:
    return [f"hash {facts.hash[:12]}", _replay(sight)]


def _replay(sight: Sight) -> str:
    verdict = sight.seen.verdict
    if verdict.stopped:
        return f"check replay stopped after tick {verdict.number}: {verdict.stopped}"
    return f"replay agrees to tick {verdict.number}" if verdict.number else "replay pending"
