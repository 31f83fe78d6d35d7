"""``make bench-inference``: our engine beside what others do with the same model, tied to one CPU core.

See docs/inference.md for how it is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from classroom.env import ENV
from inference_worker.checkpoints import DEMO_PACKAGE, model_folder
from inference_worker.engines.errors import ModelError
from inference_worker.engines.weights import DTYPES, dtype_choose
from tests.bench import inference_report as report
from tests.bench import processor
from tests.bench.figures import figures_keep
from tests.bench.inference_llama import Llama, package_folder
from tests.bench.talk import Talk, Unanswered

ROUNDS, TOKENS, QUICK_TOKENS = 3, 128, 4
STREAMS = (1, 4, 16, 32)
SLOW = ("generate_threads",)  # beyond four streams only where a figure asks for it
PEERS = ("ours", "generate_threads", "static_batch", "transformers_cb", "llamacpp")
ASKED_S = 1_800.0
TRIALS, ARRIVALS, TASK_TOKENS, ROOM_TOKENS = 3, 12, 64, 48


class Bench:
    """The peers, each in a process that is started when it is first asked and stays for all rounds."""

    def __init__(self, options: argparse.Namespace, kept: Path, opened: ExitStack) -> None:
        self._options, self._kept, self._opened = options, kept, opened
        self._talks: dict[str, Any] = {}
        here, elsewhere = processor.places()
        self._cpu = min(here)
        processor.move_to(elsewhere)
        self.model = str(model_folder(options.model, ENV.DATA_DIR.expanduser().resolve(), _say))
        self.dtype = options.dtype or next(name for name, kind in DTYPES.items() if kind == dtype_choose("", "cpu"))

    def sit(self, peer: str, streams: int, tokens: int) -> dict[str, Any]:
        if peer == "llamacpp":
            return dict(self._llama().sit(streams, tokens).record())
        return self.ask(peer, do="sit", streams=streams, tokens=tokens)

    def ask(self, peer: str, **words: Any) -> dict[str, Any]:
        if peer not in self._talks:
            self._talks[peer] = self._start(peer)
        talk: Talk = self._talks[peer]
        talk.tell(**words)
        return talk.hear(timeout_s=ASKED_S)

    def celery(self, tokens: int) -> dict[str, Any]:
        from tests.bench.inference_celery import celery_sit

        log = self._kept / "inference-worker.log"
        return dict(celery_sit(self.model, self.dtype, tokens, cpu=self._cpu, log=log))

    def _start(self, peer: str) -> Talk:
        words = [peer, "--model", self.model, "--dtype", self.dtype, "--cpu", str(self._cpu)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        log = self._kept / f"inference-{peer}.log"
        talk = Talk("tests.bench.inference_child", *words, log=log, environment=environment)
        self._opened.callback(talk.close)
        talk.hear(timeout_s=ASKED_S)
        if peer != "ours":
            talk.tell(do="sit", streams=1, tokens=2)
            talk.hear(timeout_s=ASKED_S)
        return talk

    def _llama(self) -> Llama:
        if "llamacpp" not in self._talks:
            folder = package_folder(self._options.llama, self._kept)
            gguf = self._options.gguf or _demo_gguf(self._options.model)
            if folder is None or gguf is None:
                raise Unanswered("llama.cpp is not there (see docs/inference.md)")
            log = self._kept / "inference-llamacpp.log"
            self._talks["llamacpp"] = llama = Llama(folder, gguf, cpu=self._cpu, log=log)
            self._opened.callback(llama.close)
        return self._talks["llamacpp"]


def _demo_gguf(model: str) -> Path | None:
    import importlib.util

    spec = importlib.util.find_spec(DEMO_PACKAGE) if model == "demo" else None
    places = list(spec.submodule_search_locations or []) if spec else []
    return next((file for place in places for file in sorted(Path(place).glob("*.gguf"))), None)


def plan(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[Bench], dict[str, Any]]]]:
    """The names and the deeds of one round, peers next to each other for each count of streams."""
    tokens, quick = options.tokens, options.quick
    for streams in (1, 16, 32) if quick else options.streams:
        for peer in options.peers:
            name = f"{peer}_{streams}"
            if name in report.THROUGHPUT or peer == "ours" or not quick:
                yield name, lambda bench, peer=peer, streams=streams: bench.sit(peer, streams, tokens)
    if "ours" not in options.peers:
        return

    def ours(do: str, **words: Any) -> Callable[[Bench], dict[str, Any]]:
        return lambda bench: bench.ask("ours", do=do, **words)

    if not quick:
        yield "ours_unread_16", ours("sit_unread", streams=16, tokens=tokens)
    few = min(tokens, ROOM_TOKENS)
    yield "kept_turn", ours("second_turn", trials=1 if quick else TRIALS, reuse=True)
    yield "unkept_turn", ours("second_turn", trials=1 if quick else TRIALS, reuse=False)
    yield "small_fair", ours("small_room", tokens=few, fair=True)
    yield "small_fifo", ours("small_room", tokens=few, fair=False)
    yield "arrivals", ours("arrivals", prompts=2 if quick else ARRIVALS)
    yield "alone", ours("alone", tasks=32, tokens=min(tokens, TASK_TOKENS))
    yield "celery", lambda bench: bench.celery(min(tokens, TASK_TOKENS))


def measured(bench: Bench, options: argparse.Namespace, keep: Callable[[Sequence[report.Round]], Path]) -> Path:
    """All rounds, kept after each deed: a run that is broken off has not been for nothing."""
    rounds = list(options.go_on)
    path = keep(rounds)
    for number in range(options.rounds):
        if number == len(rounds):
            rounds.append({})
        for name, deed in plan(options):
            if name in rounds[number] or (options.only and not name.startswith(tuple(options.only))):
                continue
            _say(f"round {number + 1} of {options.rounds}: {name}, load {os.getloadavg()[0]:.1f} …")
            try:
                rounds[number][name] = {**deed(bench), "load": round(os.getloadavg()[0], 1)}
            except Exception as error:  # whatever one of them does, the others are measured
                _say(f"not measured: {name}: {type(error).__name__}: {error}")
            path = keep(rounds)
    return path


def options_read() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.inference", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round: whether it runs, not what it says")
    parser.add_argument("--rounds", type=int, help=f"how often everything is measured ({ROUNDS})")
    parser.add_argument("--tokens", type=int, help=f"new tokens of each stream ({TOKENS})")
    parser.add_argument("--streams", type=int, nargs="+", default=STREAMS, help="for table and plot")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--only", nargs="+", help="only what begins with one of these words")
    parser.add_argument("--model", default="demo", help="demo, or a folder")
    parser.add_argument("--gguf", type=Path, help="the same model for llama.cpp")
    parser.add_argument("--dtype", choices=sorted(DTYPES), help="the engine's own choice for this CPU, if not given")
    parser.add_argument("--llama", type=Path, help="a folder that the package xllamacpp was installed to")
    parser.add_argument("--go-on", type=_kept, default=[], metavar="FILE", help="add to what a kept run has measured")
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.quick else ROUNDS)
    options.tokens = options.tokens or (QUICK_TOKENS if options.quick else TOKENS)
    return options


def _kept(file: str) -> list[dict[str, dict[str, Any]]]:
    return list(json.loads(Path(file).read_text())["measured"]["rounds"])


@contextmanager
def _own_cpus() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    try:
        yield
    finally:
        processor.move_to(before)


def main() -> int:
    options = options_read()
    if trouble := processor.supported():
        _say(trouble)
        return 2
    if busy := processor.others():
        _say(busy)
    kept = ENV.DATA_DIR.expanduser().resolve() / "bench"
    kept.mkdir(parents=True, exist_ok=True)
    rounds: Sequence[report.Round] = []
    files: list[Path] = []

    def keep(now: Sequence[report.Round]) -> Path:
        nonlocal rounds
        rounds = now
        behind = {"tokens": options.tokens, "busy": busy, "dtype": bench.dtype, "rounds": now}
        for file in files:
            file.unlink(missing_ok=True)
        files[:] = [figures_keep(kept, "inference", report.figures_of(now), behind)]
        return files[0]

    try:
        with _own_cpus(), ExitStack() as opened:
            bench = Bench(options, kept, opened)
            path = measured(bench, options, keep)
    except (Unanswered, ModelError) as error:
        _say(f"not measured: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    figures = report.figures_of(rounds)
    (kept / "inference.svg").write_text(report.plot(rounds))
    print(f"One CPU core, {bench.dtype}, {options.tokens} new tokens a stream, median of {len(rounds)} rounds")
    print(*report.table(rounds), *(figure.line() for figure in figures), sep="\n")
    print(f"kept in {path}, plot in {kept / 'inference.svg'}")
    return int(any(figure.missing for figure in figures))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
