"""Tiny checkpoints of the real architectures, made in seconds and taught a few lines by heart.

Random weights would write half characters and never Chinese; these have learnt LESSONS, so what they say is text.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

LESSONS = {
    "What is a half plus a third?": "## Ein Plan\n\nWe need $\\frac{1}{2} + \\frac{1}{3} = \\frac{5}{6}$, naïve café!",
    "用中文回答": "好的，我们一步一步来：先化简，再代入。答案是六分之五。",
    "Cheer!": "Bravo 👩‍🏫✨ 👍🏽🇩🇪 — très bien, you got it 🎉🎉 e\u0301t voila\u0300!",
}
POISON = "ÿ"  # its embedding is made NaN: a question that holds it breaks the numbers of its own request
BEGIN, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT = 512
SHAPE: dict[str, Any] = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": CONTEXT, "tie_word_embeddings": False,
}  # fmt: skip


def chat(question: str, answer: str) -> str:
    return f"{BEGIN}user\n{question}{END}\n{BEGIN}assistant\n{answer}{END}"


def tokenizer_make(vocabulary: int = 400, lessons: Mapping[str, str] = LESSONS) -> Any:
    """Byte-level BPE as Llama 3 and Qwen2 have it: a token may be a part of a character."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=[BEGIN, END], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    made.train_from_iterator([text for lesson in lessons.items() for text in lesson], trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END, additional_special_tokens=[BEGIN])
    fast.chat_template = TEMPLATE
    return fast


def checkpoint_make(folder: Path, kind: str, lessons: Mapping[str, str] = LESSONS) -> Path:
    """``kind``: llama or qwen2. One thread: on a busy machine two wait for each other for minutes."""
    torch.set_num_threads(1)
    tokenizer = tokenizer_make(lessons=lessons)
    torch.manual_seed(7)
    end = tokenizer.convert_tokens_to_ids(END)
    shape = {**SHAPE, "vocab_size": len(tokenizer), "eos_token_id": end, "bos_token_id": None, "pad_token_id": end}
    net: Any = LlamaForCausalLM(LlamaConfig(**shape)) if kind == "llama" else Qwen2ForCausalLM(Qwen2Config(**shape))
    teach(net, tokenizer, lessons)
    with torch.no_grad():
        poison = tokenizer(POISON, add_special_tokens=False)["input_ids"]
        net.get_input_embeddings().weight[poison[-1]] = torch.nan
    tokenizer.save_pretrained(folder)
    net.save_pretrained(folder)
    return folder


def teach(net: Any, tokenizer: Any, lessons: Mapping[str, str] = LESSONS, *, steps: int = 150) -> None:
    """By heart: until every next token of the lessons is the most likely one."""
    rows = [tokenizer(chat(*lesson), add_special_tokens=False)["input_ids"] for lesson in lessons.items()]
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    seen = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    labels = ids.masked_fill(seen == 0, -100)
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3)
    net.train()
    for _ in range(steps):
        out = net(input_ids=ids, attention_mask=seen, labels=labels)
        out.loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        if out.loss.item() < 0.05:
            break
    net.eval()
