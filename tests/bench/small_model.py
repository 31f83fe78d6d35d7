"""A checkpoint for tests of the bench: random weights, four layers' work in no time, room for the bench's prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from tests.inference_worker.tiny import END, SHAPE, tokenizer_make


def small_make(folder: Path) -> Path:
    tokenizer = tokenizer_make()
    torch.manual_seed(7)
    end = tokenizer.convert_tokens_to_ids(END)
    shape = {**SHAPE, "vocab_size": len(tokenizer), "eos_token_id": end, "bos_token_id": None, "pad_token_id": end}
    net: Any = LlamaForCausalLM(LlamaConfig(**{**shape, "max_position_embeddings": 8_192}))
    tokenizer.save_pretrained(folder)
    net.save_pretrained(folder)
    return folder
