"""Model folders that somebody made in order to harm: deep, endless, pointing elsewhere. One line each, and nobody hangs."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from inference_worker import checkpoints
from inference_worker.checkpoints import model_folder
from inference_worker.engines.errors import ModelError

HANG_S = 60.0
INDEX = "model.safetensors.index.json"


@pytest.fixture
def copy(tiny: Callable[[str], Path], tmp_path: Path) -> Path:
    """A good checkpoint to be broken."""
    return Path(shutil.copytree(tiny("qwen2"), tmp_path / "model"))


def refused(name: str | Path, data_dir: Path) -> str:
    with pytest.raises(ModelError) as error:
        model_folder(str(name), data_dir, print)
    assert len(str(error.value)) < 700
    return str(error.value)


def header(raw: bytes) -> bytes:
    return struct.pack("<Q", len(raw)) + raw + b"1234"


def tensor(offsets: Any) -> bytes:
    return header(json.dumps({"a": {"dtype": "F32", "shape": [1], "data_offsets": offsets}}).encode())


# ---- what a file says


@pytest.mark.parametrize(
    "weights",
    [
        header(b"[" * 200_000),
        header(b'{"a": ' * 200_000),
        *map(tensor, (["0", "4"], [0], [], [0, 2, 4], None, 4, {}, [-8, -4], [4, 0], [0, 4.0], [0, float("inf")])),
        *map(tensor, ([False, True], [0, 10**4299])),
        header(b'{"a": {"data_offsets": [0, 1' + b"0" * 5_000 + b"]}}"),
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_named(copy: Path, tmp_path: Path, weights: bytes) -> None:
    (copy / "model.safetensors").write_bytes(weights)
    assert f"{copy / 'model.safetensors'} is damaged" in refused(copy, tmp_path)


@pytest.mark.parametrize("file", ["config.json", INDEX])
def test_deep_json_is_named(copy: Path, tmp_path: Path, file: str) -> None:
    (copy / file).write_bytes(b'{"a":' * 200_000)
    assert f"{copy / file} cannot be read" in refused(copy, tmp_path)


OUTSIDE = ["../other.safetensors", "/etc/hostname", "a/b.safetensors", "..", ".", "", "weights.bin", "\0.safetensors",
           "\ud800.safetensors", "x" * 300 + ".safetensors"]  # fmt: skip


@pytest.mark.parametrize("name", [*OUTSIDE, 5, None, ["x.safetensors"], {}, True])
def test_an_index_names_files_of_its_own_folder_only(copy: Path, tmp_path: Path, name: Any) -> None:
    shutil.copy(copy / "model.safetensors", tmp_path / "other.safetensors")
    (copy / INDEX).write_text(json.dumps({"weight_map": {"a": "model.safetensors", "b": name}}))
    assert refused(copy, tmp_path).encode().startswith(f"{copy / INDEX} is damaged".encode())


@pytest.mark.parametrize("index", [{}, {"weight_map": None}, {"weight_map": ["a"]}, {"weight_map": {}}])
def test_an_index_without_a_map_is_named(copy: Path, tmp_path: Path, index: dict[str, Any]) -> None:
    (copy / INDEX).write_text(json.dumps(index))
    assert f"{copy / INDEX} is damaged" in refused(copy, tmp_path)


def test_an_index_and_links_as_the_hubs_cache_has_them_are_good(copy: Path, tmp_path: Path) -> None:
    (copy / "model.safetensors").rename(tmp_path / "blob")
    (copy / "model-1-of-1.safetensors").symlink_to(tmp_path / "blob")
    (copy / INDEX).write_text(json.dumps({"weight_map": {"a": "model-1-of-1.safetensors"}}))
    assert model_folder(str(copy), tmp_path, print) == copy


# ---- what a file is


def loading(name: str | Path, data_dir: Path, *words: str) -> str:
    """The last line of the command, which must refuse it."""
    environment = {**os.environ, "DATA_DIR": str(data_dir), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "inference_worker.load_model", *words, "--", str(name)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANG_S)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout.splitlines()[-1]


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", INDEX, "x.gguf"])
def test_a_pipe_does_not_hold_the_worker_up(copy: Path, tmp_path: Path, file: str) -> None:
    if file == "x.gguf":
        (copy / "model.safetensors").unlink()
    (copy / file).unlink(missing_ok=True)
    os.mkfifo(copy / file)
    assert loading(copy, tmp_path) == f"{copy / file} is not an ordinary file"


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "x.gguf"])
def test_a_folder_in_a_files_place_is_named(copy: Path, tmp_path: Path, file: str) -> None:
    if file == "x.gguf":
        (copy / "model.safetensors").unlink()
    (copy / file).unlink(missing_ok=True)
    (copy / file).mkdir()
    assert refused(copy, tmp_path) == f"{copy / file} is not an ordinary file"


def test_where_the_data_folder_is_a_file_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "m.gguf").write_bytes(b"GGUF" + bytes(100))
    (tmp_path / "data").touch()
    assert str(tmp_path / "data") in refused(tmp_path / "m.gguf", tmp_path / "data")


@pytest.mark.parametrize("name", ["/" + "a" * 5_000, "a" * 300 + "/b", "~nobody-of-this-name/x", "/a\0b", "a\0b.gguf"])
def test_a_name_that_no_file_can_have_is_said(tmp_path: Path, name: str) -> None:
    assert f"TUTOR_MODEL={name}"[:100] in refused(name, tmp_path)


@pytest.mark.parametrize("words", [(), ("--check",)])
@pytest.mark.parametrize("name", ["/" + "a" * 5_000, "~nobody-of-this-name/x", "/no/\udcff", "/no\nsuch\nfolder"])
def test_the_command_ends_with_one_line_that_says_so(tmp_path: Path, name: str, words: tuple[str, ...]) -> None:
    last = loading(name, tmp_path, *words)
    assert "TUTOR_MODEL=" + name.splitlines()[0][:30].replace("\udcff", "\\udcff") in last


def test_a_config_that_is_no_configuration_is_one_line_of_the_check(copy: Path, tmp_path: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "max_position_embeddings": None}))
    assert str(copy) in loading(copy, tmp_path, "--check")


# ---- conversions


def test_other_weights_under_the_same_name_are_converted_anew(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trained on a little more, they have the same size and the same first megabyte."""
    made: list[bytes] = []

    def convert(gguf: Path, folder: Path, _: Any) -> None:
        made.append(gguf.read_bytes()[-1:])
        shutil.copytree(copy, folder, dirs_exist_ok=True)

    monkeypatch.setattr(checkpoints, "_convert", convert)
    file, found = tmp_path / "m.gguf", []
    for last in (b"A", b"B", b"A"):
        file.write_bytes(b"GGUF" + bytes(2 << 20) + last)
        found.append(model_folder(str(file), tmp_path / "data", lambda _: None))
    assert made == [b"A", b"B"]
    assert found[0] == found[2] != found[1]
