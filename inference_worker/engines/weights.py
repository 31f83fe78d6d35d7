"""From a checked folder to a model in memory and its way to speak. Safetensors only, no code of a model's author."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from inference_worker.checkpoints import transformers_quieten
from inference_worker.engines.errors import ModelError, blamed
from inference_worker.engines.packing import linears_pack
from inference_worker.engines.speech import Speech

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
ENDLESS = 1 << 20  # the context of a model that names none


@dataclass(frozen=True, slots=True)
class Weights:
    """As the checkpoint has them: a number that is used twice counts once."""

    parameters: int
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    net: Any
    speech: Speech
    weights: Weights


def device_choose(device: str) -> str:
    return device or ("cuda" if torch.cuda.is_available() else "cpu")


def dtype_choose(dtype: str, device: str) -> torch.dtype:
    """bf16 where the hardware computes in it; on other CPUs it is slower than fp32, and fp16 overflows in Qwen2."""
    if dtype:
        if dtype not in DTYPES:
            raise ModelError(f"dtype={dtype} is not one of {', '.join(DTYPES)}")
        return DTYPES[dtype]
    if device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if torch.cpu._is_avx512_bf16_supported() else torch.float32


def weights_load(folder: Path, *, device: str, dtype: torch.dtype, attention: str) -> Loaded:
    """``attention``: the registered name of the attention to run with. Raises ModelError, which names the file."""
    transformers_quieten()
    with blamed(folder / "config.json"):
        config: Any = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
        text = config.get_text_config()
        context = int(getattr(text, "max_position_embeddings", ENDLESS))
        if unlike := _unlike(text, context):
            raise ModelError(f"{folder / 'config.json'} asks for {unlike}, which this engine does not have")
    with blamed(folder / "tokenizer.json"):
        tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    if not tokenizer.is_fast:
        raise ModelError(f"{folder / 'tokenizer.json'} is missing: only fast tokenizers can stream")
    if not tokenizer.chat_template:
        raise ModelError(f"{folder / 'chat_template.jinja'} is missing: a model without a chat template cannot talk")
    with blamed(folder):
        net = _net(folder, attention)
        for weight in net.parameters():
            # Copied off the file's memory map, whose unaligned pages make every step 1.4 times slower.
            weight.data = weight.data.to(device, dtype, copy=True)
        net = net.to(device).eval()
        weights = Weights(
            net.num_parameters(), sum(weight.numel() * weight.element_size() for weight in net.parameters())
        )
        if device == "cpu":
            linears_pack(net)
    ends = net.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    speech = Speech(
        tokenizer,
        ends={*ends, tokenizer.eos_token_id} - {None},
        context=context,
        size=net.get_input_embeddings().num_embeddings,
    )
    return Loaded(net, speech, weights)


def _unlike(config: Any, context: int) -> str:
    """What some layer does other than look at the whole context, in words. Here it would look at it all, and err."""
    # Phi-3's class knows no `layer_types`: where its file has them all the same, every layer has the window.
    kinds = set(config.layer_types or ()) if hasattr(type(config), "layer_types") else set()
    if others := sorted(kinds - {"full_attention", "sliding_attention"}):
        return f"layers of the kind {others[0]}"
    window = int(getattr(config, "sliding_window", None) or 0)
    narrow = "sliding_attention" in kinds if kinds else window > 0
    return f"sliding-window attention ({window} of {context} tokens)" if narrow and window < context else ""


def _net(folder: Path, attention: str) -> Any:
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype="auto",
        use_safetensors=True,
        trust_remote_code=False,
        output_loading_info=True,
        attn_implementation=attention,
    )
    net, found = loaded
    if missing := sorted(found["missing_keys"]):
        # The library fills them with random numbers and goes on.
        raise ModelError(f"the weights in {folder} are incomplete: {missing[0]} and {len(missing) - 1} more")
    return net
