"""The inference bench measures what it says: its figures, their goals, what is missing and why, the plot, one short run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from classroom.supervisor.child import BASE_DIR
from inference_worker.engines.base import EngineOptions
from inference_worker.engines.scripted import ScriptedEngine
from tests.bench import inference
from tests.bench.inference_llama import PACKAGE, package_folder
from tests.bench.inference_report import figures_of, plot, sittings, table
from tests.bench.inference_work import Sitting, Watch, engine_sit, messages, percentile, request
from tests.bench.plot import Panel, chart
from tests.bench.small_model import small_make

NAMES = [
    "generate_threads_16", "generate_threads_32", "static_batch_16", "transformers_cb_16", "llamacpp_1", "llamacpp_16",
    "llamacpp_32", "ttft_generate_16", "kept_kv_ttft", "small_room_ttft", "celery_vs_engine", "itl_p99_p50",
]  # fmt: skip
OWN = {"kept_kv_ttft", "small_room_ttft", "celery_vs_engine", "itl_p99_p50"}


def sat(peer: str, streams: int, per_cpu_s: float, first_ms: float = 100.0) -> dict[str, Any]:
    return Sitting(peer, streams, int(per_cpu_s * 10), 10.0, 11.0, first_ms, 20.0, 40.0).record()


def whole(*, factor: float = 1.0) -> dict[str, dict[str, Any]]:
    """A round in which everything was measured."""
    peers = {"generate_threads": 10.0, "static_batch": 50.0, "transformers_cb": 20.0, "llamacpp": 40.0}
    made = {f"{peer}_{n}": sat(peer, n, cost, 900.0) for peer, cost in peers.items() for n in (1, 16, 32)}
    made |= {f"ours_{n}": sat("ours", n, factor * 10 * n, 90.0) for n in (1, 16, 32)}
    made |= {"kept_turn": {"first_ms": 100.0}, "unkept_turn": {"first_ms": 500.0}}
    made |= {"small_fair": {"first_ms": 100.0}, "small_fifo": {"first_ms": 2_000.0}}
    made |= {
        "alone": sat("ours", 32, 100.0),
        "celery": {"per_cpu_s": 97.0},
        "arrivals": {"p50_ms": 50.0, "p99_ms": 120.0},
    }
    return made


# ---- figures


def test_every_figure_has_its_name_in_its_order() -> None:
    figures = figures_of([whole()])
    assert [figure.name for figure in figures] == NAMES
    found = {figure.name: figure.value for figure in figures}
    assert found["generate_threads_16"] == pytest.approx(16.0)
    assert found["llamacpp_1"] == pytest.approx(0.25)
    assert found["ttft_generate_16"] == pytest.approx(10.0)
    assert found["kept_kv_ttft"] == pytest.approx(5.0)
    assert found["small_room_ttft"] == pytest.approx(20.0)
    assert found["celery_vs_engine"] == pytest.approx(0.97)
    assert found["itl_p99_p50"] == pytest.approx(2.4)


def test_a_figure_is_the_median_of_the_rounds_ratios() -> None:
    figures = figures_of([whole(factor=factor) for factor in (1.0, 3.0, 1.5)])
    assert figures[0].value == pytest.approx(24.0)


def test_a_peer_that_is_not_there_is_unmeasured() -> None:
    one = {name: value for name, value in whole().items() if not name.startswith("llamacpp")}
    lines = [figure.line() for figure in figures_of([one])]
    assert [line for line in lines if line.startswith("unmeasured")] == [
        "unmeasured llamacpp_1", "unmeasured llamacpp_16", "unmeasured llamacpp_32",
    ]  # fmt: skip
    assert not any(figure.missing for figure in figures_of([one]))


def test_without_our_own_part_a_figure_is_missing() -> None:
    peers_only = {name: value for name, value in whole().items() if "peer" in value and value["peer"] != "ours"}
    assert {figure.name for figure in figures_of([peers_only]) if figure.missing} == set(NAMES)
    assert {figure.name for figure in figures_of([]) if figure.missing} == set(NAMES)


@pytest.mark.parametrize("name", sorted(OWN))
def test_an_experiment_of_our_own_that_failed_is_missing(name: str) -> None:
    needs = {"kept_kv_ttft": "kept_turn", "small_room_ttft": "small_fifo", "celery_vs_engine": "celery"}
    one = whole()
    del one[needs.get(name, "arrivals")]
    assert [figure.name for figure in figures_of([one]) if figure.missing] == [name]


def test_the_table_has_a_line_for_each_peer_and_count() -> None:
    rounds = [whole(), whole(factor=3.0)]
    assert len(table(rounds)) == 1 + len(sittings(rounds))
    assert sittings(rounds)[("ours", 16)]["per_cpu_s"] == pytest.approx(320.0)


# ---- the plot


def test_the_plot_is_an_image_without_anything_that_runs() -> None:
    root = ElementTree.fromstring(plot([whole()]))
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "title", "rect", "g", "text", "line", "polyline", "circle"}
    texts = {element.text for element in root.iter() if element.text}
    assert {"Chalkstream", "generate in threads", "streams at once", "1", "16", "32"} <= texts


def test_points_lie_inside_their_panel_and_names_are_escaped() -> None:
    made = chart([Panel("<b>", "x & y", {"a<b": [(1, 0.5), (32, 900.0)], "one": [(4, 7.0)], "none": []})], across="n")
    root = ElementTree.fromstring(made)
    for circle in (element for element in root.iter() if element.tag.endswith("circle")):
        assert 0 <= float(circle.attrib["cx"]) <= 420
        assert 0 <= float(circle.attrib["cy"]) <= 300
    assert "a<b" in {element.text for element in root.iter()}


# ---- what is given and looked at


def test_questions_share_their_beginning_and_differ_at_the_end() -> None:
    assert messages(0)[0] == messages(9)[0]
    assert len({messages(number)[1]["content"] for number in range(32)}) == 32


def test_a_sitting_counts_what_came_and_what_it_cost() -> None:
    engine = ScriptedEngine(EngineOptions("demo", Path("nowhere"), rate=0))
    engine.start(lambda _: None)
    sitting = engine_sit(engine, "ours", [request(number, 20) for number in range(3)], time.process_time)
    assert (sitting.peer, sitting.streams, sitting.tokens) == ("ours", 3, 60)
    assert sitting.record()["per_cpu_s"] == pytest.approx(60 / sitting.cpu_s)
    engine.drain(5)


def test_a_request_that_fails_gives_no_figure() -> None:
    engine = ScriptedEngine(EngineOptions("demo", Path("nowhere"), rate=0))
    asked = request(1, 20)
    failing = type(asked)(asked.id, ({"role": "user", "content": "@scripted fail"},), asked.sampling)
    with pytest.raises(RuntimeError, match="failed"):
        engine_sit(engine, "ours", [failing, asked], time.process_time)
    engine.drain(5)


def test_times_are_those_of_each_stream() -> None:
    watch = Watch({0: 1.0, 1: 2.0, 2: 3.0}, {0: [1.5, 1.6, 1.8], 1: [2.1], 2: []})
    assert watch.first_ms() == pytest.approx([500.0, 100.0])
    assert watch.between_ms() == pytest.approx([100.0, 200.0])
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([1.0], 0.99) == 1.0


def test_llama_cpp_is_looked_for_where_it_was_put(tmp_path: Path) -> None:
    assert package_folder(None, tmp_path) is None
    (tmp_path / "peers" / PACKAGE).mkdir(parents=True)
    assert package_folder(None, tmp_path) == tmp_path / "peers"
    assert package_folder(tmp_path / "elsewhere", tmp_path) == tmp_path / "peers"


def test_a_run_goes_on_where_a_kept_one_ended(tmp_path: Path) -> None:
    kept = tmp_path / "run.json"
    kept.write_text(json.dumps({"measured": {"rounds": [whole()]}}))
    assert figures_of(inference._kept(str(kept)))[0].value == pytest.approx(16.0)


def test_a_short_run_gives_every_figure_of_our_own(tmp_path: Path) -> None:
    """With a model that is no model, so its values say nothing."""
    model = small_make(tmp_path / "model")
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "OMP_NUM_THREADS": "1"}
    command = [
        sys.executable,
        "-m",
        "tests.bench.inference",
        "--quick",
        "--model",
        str(model),
        "--peers",
        "ours",
        "static_batch",
    ]
    done = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [name for name in NAMES if f"unmeasured {name}" in lines] == [
        "generate_threads_16", "generate_threads_32", "transformers_cb_16", "llamacpp_1", "llamacpp_16", "llamacpp_32",
        "ttft_generate_16",
    ]  # fmt: skip
    assert {line.split()[1] for line in lines if line.startswith("figure ")} == {"static_batch_16", *OWN}
    [kept] = (tmp_path / "data" / "bench").glob("*.json")
    run = json.loads(kept.read_text())
    assert [figure["name"] for figure in run["figures"]] == NAMES
    assert run["measured"]["rounds"][0]["ours_16"]["load"] >= 0
    ElementTree.fromstring((tmp_path / "data" / "bench" / "inference.svg").read_text())
