"""What if, over HTTP: a scenario is run, read again and asked about; live knows nothing of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from api.app import create_app
from api.limits import BODY_MAX_BYTES, SCENARIO_EDITS_MAX_COUNT, Limits
from api.problems import Problem
from api.schemas.answers import VIEW_PAGES, HistoryPage, TwinState
from api.schemas.scenarios import ScenarioList, ScenarioResult
from api.schemas.why import Why
from streams.branching import run
from streams.comparison import as_plain
from streams.store import queries
from streams.store.tables import LIVE
from streams.topics import JOURNAL
from tests.api.conftest import PATIENCE_S, served
from tests.one_process import OneProcess
from twin.views import VIEWS
from twin.whatif.scenario import read_scenario
from twin.whatif.shipped import shipped_names, shipped_text

FORK, LATER = "2029-01-01T00:10:00Z", "2029-01-01T00:15:00Z"
AS_IT_WAS = f"name: as it was\nfrom: {FORK}\nedits: []\n"
HALF_LOST = f"name: half lost\nfrom: {FORK}\nedits:\n  - fail: sl-53\n    fraction: 0.5\n"
EDITS = "name: t\nfrom: start\nedits:\n"
YAML = {"Content-Type": "application/yaml"}


def post(client: httpx.Client, text: str, media: str = "application/yaml") -> httpx.Response:
    return client.post("/v1/scenarios", content=text, headers={"Content-Type": media})


def branch_of(client: httpx.Client, text: str) -> str:
    return str(post(client, text).raise_for_status().json()["branch"])


def rows(client: httpx.Client, path: str, **asked: str) -> list[dict[str, object]]:
    """The rows of an answer, without the name of their branch."""
    body = client.get(path, params=asked).raise_for_status().json()
    return [{name: row[name] for name in row if name != "branch"} for row in body["rows"]]


def test_a_scenario_is_run_and_answered_as_on_the_command_line(
    client: httpx.Client, town: OneProcess
) -> None:
    answer = post(client, HALF_LOST)

    body = answer.json()
    ScenarioResult.model_validate(body)
    plain = as_plain(run(town.log, town.engine, read_scenario(HALF_LOST)))
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/scenarios/{body['branch']}"
    assert (body["fork"], body["until"], body["ticks"]) == (FORK, "2029-01-01T00:24:00Z", 14)
    assert {name: body[name] for name in plain} == json.loads(json.dumps(plain, default=float))
    assert body["deltas"]


def test_what_was_answered_can_be_read_again(client: httpx.Client) -> None:
    answer = post(client, HALF_LOST)

    again = client.get(answer.headers["location"])

    assert again.status_code == 200
    assert again.json() == answer.json()
    assert again.headers["twin-branch"] == answer.json()["branch"]
    assert again.headers["twin-hash"] == answer.json()["branch_hash"]


def test_the_same_scenario_has_the_same_branch_in_either_language(client: httpx.Client) -> None:
    said = {"name": "half lost", "from": FORK, "edits": [{"fail": "sl-53", "fraction": 5e-1}]}

    branches = {
        post(client, text, media).raise_for_status().json()["branch"]
        for text, media in (
            (HALF_LOST, "application/yaml"),
            (HALF_LOST + "# a remark", "text/yaml; charset=utf-8"),
            (HALF_LOST, "text/plain"),
            (json.dumps(said), "application/json"),
            (json.dumps(said, indent="\t"), "application/json"),
        )
    }

    assert len(branches) == 1


def test_links_lead_to_the_branch_at_the_tick_it_was_run_to(client: httpx.Client) -> None:
    body = post(client, HALF_LOST).json()

    answers = {name: client.get(link).raise_for_status() for name, link in body["links"].items()}

    assert set(answers) == {"self", "twin", *VIEWS}
    assert {a.headers["twin-hash"] for a in answers.values()} == {body["branch_hash"]}
    assert answers["self"].json() == body


def test_scenarios_that_are_shipped_or_posted_are_listed_with_their_text(
    client: httpx.Client,
) -> None:
    branch = branch_of(client, AS_IT_WAS)

    body = client.get("/v1/scenarios").json()

    ScenarioList.model_validate(body)
    listed = {row["branch"]: row for row in body["rows"]}
    assert list(listed)[: len(shipped_names())] == list(shipped_names())
    assert all(listed[name]["text"] == shipped_text(name) for name in shipped_names())
    assert (listed[branch]["text"], listed[branch]["is_shipped"]) == (AS_IT_WAS, False)


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_scenario_can_be_read_without_being_posted(
    client: httpx.Client, name: str
) -> None:
    body = client.get(f"/v1/scenarios/{name}").raise_for_status().json()

    ScenarioResult.model_validate(body)
    assert body["branch"] == name
    assert body["ticks"] == 24
    assert body["branch_hash"] != body["baseline_hash"]


@pytest.mark.parametrize("at", [None, "2029-01-01T00:03:00Z", FORK, LATER])
@pytest.mark.parametrize("view", VIEWS)
def test_a_branch_without_edits_answers_the_rows_of_live(
    client: httpx.Client, view: str, at: str | None
) -> None:
    branch, asked = branch_of(client, AS_IT_WAS), {"at": at} if at else {}

    answer = client.get(f"/v1/{view}", params={**asked, "branch": branch})

    body = answer.json()
    VIEW_PAGES[view].model_validate(body)
    assert {row["branch"] for row in body["rows"]} | {body["branch"]} == {branch}
    assert answer.headers["twin-branch"] == branch
    assert rows(client, f"/v1/{view}", branch=branch, **asked) == rows(
        client, f"/v1/{view}", **asked
    )
    assert body["hash"] == client.get("/v1/twin", params=asked).json()["hash"]


@pytest.mark.parametrize("at", ["2029-01-01T00:01:00Z", FORK])
def test_up_to_its_fork_a_branch_is_the_past_of_live(client: httpx.Client, at: str) -> None:
    branch = branch_of(client, HALF_LOST)

    for view in VIEWS:
        assert rows(client, f"/v1/{view}", branch=branch, at=at) == rows(
            client, f"/v1/{view}", at=at
        )


def test_after_its_fork_a_branch_is_what_the_scenario_makes_of_it(client: httpx.Client) -> None:
    branch = branch_of(client, HALF_LOST)
    asked = {"segment": "sl-53", "at": LATER}

    was = rows(client, "/v1/capacity", **asked)
    is_now = rows(client, "/v1/capacity", branch=branch, **asked)

    lost = [(a["available_qty"], b["available_qty"]) for a, b in zip(was, is_now, strict=True)]
    assert sum(after for _, after in lost) < 0.6 * sum(before for before, _ in lost)


@pytest.mark.parametrize("at", [None, "2029-01-01T00:03:00Z", LATER])
def test_the_whole_twin_of_a_branch_without_edits_is_that_of_live(
    client: httpx.Client, at: str | None
) -> None:
    branch, asked = branch_of(client, AS_IT_WAS), {"at": at} if at else {}
    live = client.get("/v1/twin", params=asked).json()

    body = client.get("/v1/twin", params={**asked, "branch": branch}).json()

    TwinState.model_validate(body)
    unlike = {"branch", "age_s", *VIEWS}
    assert body["branch"] == branch
    assert {n: body[n] for n in body if n not in unlike} == {
        n: live[n] for n in live if n not in unlike
    }


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "period",
    [
        {},
        {"from": "2029-01-01T00:05:00Z", "to": "2029-01-01T00:15:00Z"},
        {"from": "2029-01-01T00:02:00Z", "to": "2029-01-01T00:06:00Z"},
        {"from": "2029-01-01T00:07:30Z", "step": "4m"},
    ],
)
def test_the_history_of_a_branch_without_edits_is_that_of_live(
    client: httpx.Client, view: str, period: dict[str, str]
) -> None:
    branch = branch_of(client, AS_IT_WAS)

    said = client.get(f"/v1/history/{view}", params={**period, "branch": branch}).json()

    HistoryPage.model_validate(said)
    assert rows(client, f"/v1/history/{view}", branch=branch, **period) == rows(
        client, f"/v1/history/{view}", **period
    )


def test_the_history_of_a_branch_leaves_that_of_live_at_its_fork(client: httpx.Client) -> None:
    branch = branch_of(client, HALF_LOST)
    asked = {"segment": "sl-53", "from": "2029-01-01T00:08:00Z", "to": "2029-01-01T00:13:00Z"}

    was = rows(client, "/v1/history/energy", **asked)
    is_now = rows(client, "/v1/history/energy", branch=branch, **asked)

    assert [a == b for a, b in zip(was, is_now, strict=True)] == [True, True, False, False, False]


def test_why_says_what_came_from_the_scenario(client: httpx.Client) -> None:
    branch = branch_of(client, HALF_LOST)
    asked = {"view": "capacity", "key": "sl-53,orbit,downlink_bps", "column": "available_qty"}
    live = client.get("/v1/why", params=asked | {"at": LATER}).json()

    body = client.get("/v1/why", params=asked | {"at": LATER, "branch": branch}).json()

    Why.model_validate(body)
    assert live["scenario"] is None
    assert body["value"] < body["scenario"]["live_value"] == live["value"]
    assert body["scenario"]["edits"][0]["fail"] == "sl-53"
    (failed,) = body["scenario"]["injected"]
    assert (failed["kind"], failed["body"]["segment"]) == ("AssetsFailed", "sl-53")
    assert failed["is_about"]
    assert body["frames"] == live["frames"]


def test_why_leaves_out_what_was_withdrawn_and_says_so(client: httpx.Client) -> None:
    text = "name: t\nfrom: start\nedits:\n  - drop: SupplyChanged\n"
    branch = branch_of(client, text)
    asked = {"view": "energy", "key": "c2-gb200,c2-gb200", "column": "generated_w"}
    live = client.get("/v1/why", params=asked).json()

    body = client.get("/v1/why", params=asked | {"branch": branch}).json()

    gone = {event["id"] for event in live["events"] if event["kind"] == "SupplyChanged"}
    about = {each["event"] for each in body["scenario"]["withdrawn"] if each["is_about"]}
    assert gone
    assert about == gone
    assert not gone & {event["id"] for event in body["events"]}


def test_before_its_fork_nothing_of_a_figure_comes_from_the_scenario(
    client: httpx.Client,
) -> None:
    branch = branch_of(client, HALF_LOST)
    asked = {"view": "energy", "key": "sl-53,orbit", "column": "generated_w", "at": FORK}

    said = client.get("/v1/why", params=asked | {"branch": branch}).json()["scenario"]

    assert said["injected"] == said["withdrawn"] == []
    assert said["first_divergence"] is None


def test_live_is_untouched_by_all_of_it(client: httpx.Client, town: OneProcess) -> None:
    before = queries.hashes(town.engine, LIVE, above=0), town.log.span(JOURNAL, 0)

    branch = branch_of(client, "name: t\nfrom: start\nedits:\n  - fail: sl-53\n    fraction: 0.9")
    client.get("/v1/twin", params={"branch": branch}).raise_for_status()

    assert (queries.hashes(town.engine, LIVE, above=0), town.log.span(JOURNAL, 0)) == before


@pytest.mark.parametrize("path", ["/v1/twin", "/v1/energy", "/v1/history/energy"])
@pytest.mark.parametrize("branch", ["0123456789abcdef", "shell-los", "x" * 300])
def test_a_branch_that_is_none_names_the_nearest_and_says_to_post_it_again(
    client: httpx.Client, path: str, branch: str
) -> None:
    answer = client.get(path, params={"branch": branch})

    body = answer.json()
    Problem.model_validate(body)
    assert answer.status_code == 404
    assert body["field"] == "branch"
    assert body["expected"]
    assert "post it again" in body["remedy"]


@pytest.mark.parametrize("path", ["/v1/dead-letters", "/v1/events", "/v1/stream"])
def test_what_is_not_of_the_fold_is_of_live_alone_and_says_so(
    client: httpx.Client, path: str
) -> None:
    answer = client.get(path, params={"branch": "shell-loss"})

    assert answer.status_code == 404
    assert answer.json()["field"] == "branch"
    assert "/v1/scenarios/{branch}" in answer.json()["remedy"]


@pytest.mark.parametrize("at", [None, FORK, LATER])
@pytest.mark.parametrize(
    "path",
    ["/v1/launches", "/v1/workloads", "/v1/satellites", "/v1/assumptions", "/v1/alerts?open=true"],
)
def test_whatever_else_is_asked_of_a_branch_without_edits_is_what_live_says(
    client: httpx.Client, path: str, at: str | None
) -> None:
    branch, asked = branch_of(client, AS_IT_WAS), {"at": at} if at else {}
    url = httpx.URL(path)

    answer = client.get(url.copy_merge_params({**asked, "branch": branch})).raise_for_status()
    live = client.get(url.copy_merge_params(asked)).raise_for_status()

    assert answer.json()["rows"] == live.json()["rows"]
    assert answer.json()["rows"] or "alerts" in path
    assert answer.json()["branch"] == answer.headers["twin-branch"] == branch


def test_what_flies_in_a_branch_is_what_its_scenario_lets_fly(client: httpx.Client) -> None:
    branch = branch_of(client, f"{EDITS}  - stop: falcon9\n    reason: a mishap")

    body = client.get("/v1/launches", params={"branch": branch, "vehicle": "falcon9"}).json()

    (vehicle,) = body["vehicles"]
    assert (vehicle["can_fly"], vehicle["reason"]) == (False, "falcon9 is grounded: a mishap")


def test_a_branch_lists_the_satellites_it_has_and_pages_stay_of_it(client: httpx.Client) -> None:
    branch, asked = branch_of(client, HALF_LOST), {"segment": "sl-53", "at": LATER}
    whole = client.get("/v1/satellites", params=asked).json()

    body = client.get("/v1/satellites", params={**asked, "branch": branch, "limit": 1}).json()
    after = client.get(body["next"]).json()

    assert body["matched_count"] == whole["matched_count"] - round(whole["matched_count"] / 2)
    assert after["branch"] == branch


def test_a_satellite_that_a_branch_has_not_is_not_found_in_it(client: httpx.Client) -> None:
    every = client.get("/v1/satellites", params={"segment": "sl-53", "at": LATER}).json()["rows"]
    gone, there = every[0]["asset_id"], every[1]["asset_id"]
    text = f"name: t\nfrom: {FORK}\nedits:\n  - fail: sl-53\n    asset_ids: [{gone}]"
    asked = {"branch": branch_of(client, text), "at": LATER}

    found = [client.get(f"/v1/satellites/{each}", params=asked) for each in (gone, there)]

    assert [answer.status_code for answer in found] == [404, 200]


def test_alarms_that_were_cleared_in_a_branch_are_refused_as_nobody_keeps_them(
    client: httpx.Client,
) -> None:
    branch = branch_of(client, AS_IT_WAS)

    answer = client.get("/v1/alerts", params={"branch": branch, "open": "false"})

    assert answer.status_code == 422
    assert answer.json()["field"] == "open"


@pytest.mark.parametrize(
    ("text", "field", "line", "expected"),
    [
        (f"{EDITS}  - fial: sl-53", "fial", 4, "fail"),
        (f"{EDITS}  - fail: sl-35\n    fraction: 1.0", "segment", 4, "sl-53"),
        (f"{EDITS}  - fail: sl-53\n    fraktion: 1", "fraktion", 5, "fraction"),
        (f"{EDITS}  - set: x\n    to: 1", "assumption", 4, "one of"),
        (f"{EDITS}  - stop: starship\n    for: 9999999y", "for", 5, "thousand"),
        ("name: t\nform: start\nedits: []", "form", 2, "from"),
        ("name: t\nfrom: yesterday\nedits: []", "from", 2, "RFC 3339"),
        ("name: t\nfrom: start", "scenario", 1, "name, from and edits"),
        ("name: [\n", "scenario", 2, "YAML"),
        ("name: t\nfrom: &a start\nedits: *a", "scenario", 3, "YAML"),
        ("- 1", "scenario", 1, "fields"),
        ("", "scenario", 1, "fields"),
        ('name: "\\ud800"\nfrom: start\nedits: []', "scenario", 1, ""),
    ],
)
def test_a_malformed_scenario_is_refused_with_field_line_and_the_nearest_right_word(
    client: httpx.Client, text: str, field: str, line: int, expected: str
) -> None:
    answer = post(client, text)

    body = answer.json()
    Problem.model_validate(body)
    assert answer.status_code == 422
    assert (body["field"], body["line"]) == (field, line)
    assert expected in body["expected"]


def test_a_malformed_scenario_in_json_is_refused_with_its_line(client: httpx.Client) -> None:
    broken = post(client, '{"name": "t",\n "from": start}', "application/json").json()
    wrong = post(
        client, '{"name": "t",\n "from": "start",\n "edits": [{"fial": "x"}]}', "application/json"
    ).json()

    assert (broken["line"], wrong["line"]) == (2, 3)
    assert "'fail'" in wrong["expected"]


@pytest.mark.parametrize(
    "edit",
    [
        "set: service-level.at-risk.horizon_s\n    to: 1e300",
        "set: class.v2-mini.battery_wh\n    to: 0",
        "scale: grok\n    by: 1000000",
        "fail: c2-gb200\n    fraction: 1.0",
    ],
)
def test_no_number_of_a_scenario_is_a_fault_of_ours(client: httpx.Client, edit: str) -> None:
    answer = post(client, f"name: t\nfrom: start\nedits:\n  - {edit}")

    assert answer.status_code in (201, 422), answer.text


@pytest.mark.parametrize("at", ["2028-12-31T00:00:00Z", "2030-01-01T00:00:00Z"])
def test_a_fork_outside_the_log_is_refused(client: httpx.Client, at: str) -> None:
    answer = post(client, f"name: t\nfrom: {at}\nedits: []")

    assert answer.status_code == 422
    assert answer.json()["field"] == "from"


def test_a_scenario_ends_where_it_says(client: httpx.Client) -> None:
    text = HALF_LOST + f"until: {LATER}\n"

    body = post(client, text).json()
    newest = client.get("/v1/energy", params={"branch": body["branch"]}).json()
    beyond = client.get(
        "/v1/energy", params={"branch": body["branch"], "at": "2029-01-01T00:20:00Z"}
    )

    assert (body["until"], body["ticks"]) == (LATER, 5)
    assert newest["tick"] == LATER
    assert beyond.status_code == 422
    assert beyond.json()["field"] == "at"


@pytest.mark.parametrize("media", ["application/xml", "multipart/form-data"])
def test_a_body_in_another_form_is_415_and_names_those_that_are_read(
    client: httpx.Client, media: str
) -> None:
    answer = post(client, AS_IT_WAS, media)

    assert answer.status_code == 415
    assert "application/yaml" in answer.json()["expected"]


def test_a_body_is_bounded_whether_or_not_it_says_its_length(client: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(BODY_MAX_BYTES // 1000 + 1):
            yield b"#" * 1000

    said = post(client, "#" * (BODY_MAX_BYTES + 1))
    unsaid = client.post("/v1/scenarios", content=pieces(), headers=YAML)

    assert (said.status_code, unsaid.status_code) == (413, 413)


@pytest.mark.parametrize("edit", ["drop: LaunchFlown", "dorp: LaunchFlown"])
def test_edits_are_bounded_before_any_is_read(client: httpx.Client, edit: str) -> None:
    many = f"  - {edit}\n" * (SCENARIO_EDITS_MAX_COUNT + 1)

    answer = post(client, f"name: t\nfrom: start\nedits:\n{many}")

    assert answer.status_code == 422
    assert (answer.json()["field"], answer.json()["line"]) == ("edits", 3)


def test_an_edit_that_the_fold_refuses_is_refused_with_its_line(client: httpx.Client) -> None:
    lost = "{booster_id: b, is_landed: false, flights_count: 1, ready_at: 2029-01-01T00:00:00Z}"

    answer = post(client, f"{EDITS}  - inject: BoosterRecovered\n    body: {lost}")

    assert answer.status_code == 422
    assert answer.json()["line"] == 4


def test_what_is_too_long_for_the_api_is_left_to_the_command_line(own: OneProcess) -> None:
    own.run(3)
    limits = Limits(scenario_ticks_max_count=4)
    with served(create_app(own.settings, limits=limits)) as url, httpx.Client(base_url=url) as c:
        whole = post(c, "name: t\nfrom: start\nedits: []")
        later = post(c, "name: t\nfrom: 2029-01-01T00:01:00Z\nedits: []")

    assert whole.status_code == 422
    assert whole.json()["field"] == "from"
    assert "5 ticks" in whole.json()["detail"]
    assert "TWIN_SCENARIO_TICKS" in whole.json()["remedy"]
    assert later.status_code == 201


def test_a_long_scenario_is_folded_on_from_where_an_answer_before_came_to(own: OneProcess) -> None:
    own.run(3)
    limits, path = Limits(scenario_ticks_max_count=4), "/v1/scenarios/shell-loss"
    with served(create_app(own.settings, limits=limits)) as url, httpx.Client(base_url=url) as c:
        whole = c.get(path)
        first = c.get(path, params={"at": "2029-01-01T00:03:00Z"})
        then = c.get(path)

    assert [answer.status_code for answer in (whole, first, then)] == [422, 200, 200]
    assert then.json()["ticks"] == 5


def test_where_too_many_run_at_once_one_is_told_to_come_again(own: OneProcess) -> None:
    limits = Limits(scenario_runs_max_count=0)
    with served(create_app(own.settings, limits=limits)) as url, httpx.Client(base_url=url) as c:
        answer = post(c, "name: t\nfrom: start\nedits: []")

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "1"


def test_a_branch_goes_on_with_live(own: OneProcess) -> None:
    with (
        served(create_app(own.settings)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        posted = post(client, "name: t\nfrom: start\nedits: []").json()
        own.run(3)
        asked = {"branch": posted["branch"]}
        newest = client.get("/v1/twin", params=asked).json()
        live = client.get("/v1/twin").json()
        again = client.get(f"/v1/scenarios/{posted['branch']}").json()

    assert (newest["number"], newest["hash"]) == (5, live["hash"])
    assert again == posted


def test_a_scenario_is_known_to_every_process_and_after_a_restart(own: OneProcess) -> None:
    said = json.dumps({"name": "half lost", "from": FORK.replace("10", "01"), "edits": []})
    first, other = create_app(own.settings), create_app(own.settings)
    with (
        served(first) as url,
        served(other) as other_url,
        httpx.Client(base_url=url) as client,
        httpx.Client(base_url=other_url) as beside,
    ):
        posted = post(client, said, "application/json").json()
        own.run(1)
        asked = {"branch": posted["branch"]}
        elsewhere = beside.get(f"/v1/scenarios/{posted['branch']}").json()
        energy = beside.get("/v1/energy", params=asked)
        listed = beside.get("/v1/scenarios").json()["rows"]
    with served(create_app(own.settings)) as url, httpx.Client(base_url=url) as client:
        again = client.get(f"/v1/scenarios/{posted['branch']}").json()

    assert again == elsewhere == posted
    assert energy.status_code == 200
    assert [row["text"] for row in listed if not row["is_shipped"]] == [said]


def test_a_branch_is_no_path(own: OneProcess) -> None:
    with served(create_app(own.settings)) as url, httpx.Client(base_url=url) as client:
        answers = [
            client.get("/v1/energy", params={"branch": name})
            for name in ("../twin", "0" * 15 + "/", "%2e%2e")
        ]

    assert {answer.status_code for answer in answers} == {404}


def test_only_the_last_scenarios_stay_at_hand(
    own: OneProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.posted.SCENARIOS_POSTED_MAX_COUNT", 2)
    texts = [f"name: t{place}\nfrom: start\nedits: []" for place in range(3)]
    with served(create_app(own.settings)) as url, httpx.Client(base_url=url) as client:
        first, *_ = [branch_of(client, text) for text in texts]
        forgotten = client.get(f"/v1/scenarios/{first}")
        listed = client.get("/v1/scenarios").json()["rows"]
        again = branch_of(client, texts[0])

    assert forgotten.status_code == 404
    assert len(listed) == len(shipped_names()) + 2
    assert again == first
