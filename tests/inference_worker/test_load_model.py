"""Models that are missing, broken or unsafe: within seconds, one line that names the file and the reason."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference_worker.checkpoints import model_folder
from inference_worker.engines import engine_make
from inference_worker.engines.base import EngineOptions
from inference_worker.engines.errors import ModelError
from inference_worker.load_model import cache_bytes


def refused(name: str | Path, data_dir: Path) -> str:
    """Why an engine does not start with it: one line."""
    with pytest.raises(ModelError) as error:
        engine_make("batching", EngineOptions(str(name), data_dir)).start(lambda _: None)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def copy(tiny: Callable[[str], Path], tmp_path: Path) -> Path:
    """A good checkpoint to be broken."""
    return Path(shutil.copytree(tiny("qwen2"), tmp_path / "model"))


def test_a_good_folder_is_taken_as_it_is(copy: Path, tmp_path: Path) -> None:
    assert model_folder(str(copy), tmp_path, print) == copy


@pytest.mark.parametrize("name", ["./missing", "/nowhere/model", "~/no-such-model", "missing.gguf", ""])
def test_what_is_not_there_is_named(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file or folder"):
        model_folder(name, tmp_path, print)


def test_an_empty_folder_and_a_plain_file_are_no_models(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="holds no"):
        model_folder(str(tmp_path), tmp_path, print)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ModelError, match=r"notes\.txt is not a model"):
        model_folder(str(tmp_path / "notes.txt"), tmp_path, print)


@pytest.mark.parametrize("file", ["pytorch_model.bin", "model.pt", "model.pth", "model.ckpt", "weights.pkl"])
def test_pickles_are_named_and_never_opened(copy: Path, tmp_path: Path, file: str) -> None:
    (copy / "model.safetensors").unlink()
    # Reading it as a pickle would make this file.
    (copy / file).write_bytes(b"cposix\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    said = refused(copy, tmp_path)
    assert str(copy / file) in said
    assert "pickle" in said
    assert not (tmp_path / "ran").exists()


def test_beside_safetensors_a_pickle_is_not_looked_at(copy: Path, tmp_path: Path) -> None:
    (copy / "pytorch_model.bin").write_bytes(b"cposix\nsystem\n(S'touch " + str(tmp_path / "ran").encode() + b"'\ntR.")
    engine_make("batching", EngineOptions(str(copy), tmp_path)).start(lambda _: None)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00\x01", '{"model_type": "no-such-architecture"}', "{}"])
def test_a_broken_config_is_named(copy: Path, tmp_path: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    assert str(copy / "config.json") in refused(copy, tmp_path)


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json"])
def test_a_missing_file_is_named(copy: Path, tmp_path: Path, file: str) -> None:
    (copy / file).unlink()
    assert str(copy / file) in refused(copy, tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"model": 3}'])
def test_a_broken_tokenizer_is_named(copy: Path, tmp_path: Path, text: str) -> None:
    (copy / "tokenizer.json").write_text(text)
    assert str(copy / "tokenizer.json") in refused(copy, tmp_path)


def test_a_model_without_a_chat_template_is_refused(copy: Path, tmp_path: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    assert "chat_template" in refused(copy, tmp_path)


@pytest.mark.parametrize("keep", [0, 4, 8, 100, 5_000, -1])
def test_weights_that_are_cut_short_are_named(copy: Path, tmp_path: Path, keep: int) -> None:
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    assert str(file) in refused(copy, tmp_path)


HEADER = json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()


@pytest.mark.parametrize(
    "bytes_",
    [b"garbage " * 99, struct.pack("<Q", 1 << 62) + b"{}", struct.pack("<Q", 2) + b"[]", struct.pack("<Q", 4) + b"null",
     struct.pack("<Q", 7) + b'{"a":1}', struct.pack("<Q", len(HEADER)) + HEADER],
)  # fmt: skip
def test_what_only_calls_itself_safetensors_is_named(copy: Path, tmp_path: Path, bytes_: bytes) -> None:
    (copy / "model.safetensors").write_bytes(bytes_)
    assert str(copy / "model.safetensors") in refused(copy, tmp_path)


def test_weights_of_another_shape_are_not_filled_with_random_numbers(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    assert str(copy) in refused(copy, tmp_path)
    (copy / "config.json").write_text(json.dumps({**config, "intermediate_size": 96}))
    assert str(copy) in refused(copy, tmp_path)


def test_a_missing_part_of_several_is_named(copy: Path, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}
    (copy / "model.safetensors").rename(copy / "model-1-of-2.safetensors")
    (copy / "model.safetensors.index.json").write_text(json.dumps(index))
    assert str(copy / "model-2-of-2.safetensors") in refused(copy, tmp_path)


def test_code_of_a_models_author_is_never_run(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    hook = {"AutoConfig": "hook.Config", "AutoModelForCausalLM": "hook.Model"}
    (copy / "config.json").write_text(json.dumps({**config, "model_type": "own", "auto_map": hook}))
    (copy / "hook.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert str(copy) in refused(copy, tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("start", [b"", b"GG", b"GGUF", b"GGUF" + bytes(2_000), b"hello" * 99])
def test_a_damaged_gguf_is_named_and_leaves_nothing_behind(tmp_path: Path, start: bytes) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(start)
    assert str(file) in refused(file, tmp_path / "data")
    models = tmp_path / "data" / "models"
    assert not models.exists() or not list(models.iterdir())


def hub(name: str, tmp_path: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "HF_HOME": str(tmp_path / "hub"), **settings}
    command = [sys.executable, "-m", "inference_worker.load_model", name]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110)


@pytest.mark.parametrize(
    "settings", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}], ids=["offline", "refused"]
)
def test_a_hub_id_without_a_network_is_named(tmp_path: Path, settings: dict[str, str]) -> None:
    begun = time.monotonic()
    done = hub("WeiboAI/VibeThinker-1.5B", tmp_path, **settings)
    assert done.returncode == 1
    assert "WeiboAI/VibeThinker-1.5B" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert time.monotonic() - begun < 100, "a worker must not hang where there is no network"


def test_what_cannot_be_a_hub_id_says_so(tmp_path: Path) -> None:
    done = hub("a/b/c", tmp_path, HF_HUB_OFFLINE="1")
    assert done.returncode == 1
    assert "neither a folder nor a hub id" in done.stdout


def check(name: Path, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "inference_worker.load_model", str(name), "--check", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_the_command_checks_a_model_and_says_what_it_costs(copy: Path, tmp_path: Path) -> None:
    done = check(copy, tmp_path, "--streams", "4", "--tokens", "1000")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "context: 512 tokens" in done.stdout
    assert "presets: the default ones" in done.stdout
    assert re.search(r"size: \d+ M parameters, \d+ MB as torch\.(float32|bfloat16)", done.stdout)
    item = 2 if "bfloat16" in done.stdout else 4
    each = 2 * 2 * 2 * 16 * item  # keys and values, layers, heads of keys, numbers in a head
    words = f"memory: {4 * 1000 * each / 1e6:.0f} MB for 4 streams of 1000 tokens ({each} bytes a token)"
    assert words in done.stdout
    speeds = re.search(r"speed: ([\d.]+) tokens/s in one stream, ([\d.]+) in 8 streams together", done.stdout)
    assert speeds is not None
    assert all(float(speed) > 0 for speed in speeds.groups())


def test_a_broken_model_is_named_by_the_check_too(copy: Path, tmp_path: Path) -> None:
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-7])
    done = check(copy, tmp_path)
    assert done.returncode == 1
    last = done.stdout.strip().splitlines()[-1]
    assert str(file) in last
    assert "7 bytes are missing" in last
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("words", [("--streams", "0"), ("--tokens", "-1"), ("--tokens", "many")])
def test_a_count_that_is_none_is_refused(copy: Path, tmp_path: Path, words: tuple[str, str]) -> None:
    done = check(copy, tmp_path, *words)
    assert done.returncode == 2
    assert words[0] in done.stderr


@pytest.mark.parametrize("heads", [{"num_key_value_heads": 2, "head_dim": 64}, {"num_key_value_heads": 2}, {}])
def test_the_memory_of_a_token_is_its_keys_and_values(heads: dict[str, int]) -> None:
    class Config:
        num_hidden_layers, num_attention_heads, hidden_size = 28, 12, 1536

    config: Any = Config()
    for name, value in heads.items():
        setattr(config, name, value)
    width = heads.get("head_dim", 128)
    assert cache_bytes(config, 2) == 2 * 28 * heads.get("num_key_value_heads", 12) * width * 2
