"""A sentence encoder of the BERT family in plain numpy: a folder with safetensors, tokenizer.json and config.json.

Runs in the child ``embedder.py`` alone. Torch would load for seconds and hold hundreds of megabytes in a process that embeds
a question now and then; this starts in a fraction of a second, and gives what ``transformers`` gives (1e-6; a test holds
values of it). Other architectures are refused by name.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

Array = np.ndarray[Any, np.dtype[np.float32]]
TOKENS_MAX: Final = 256  # of one text; what is longer is cut
UNKNOWN_MAX: Final = 0.2  # of a text's tokens; texts of unknown signs are all alike to a model, whatever they say
_NEEDED: Final = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}


class ModelError(Exception):
    """The folder holds no model of this kind; says what is wrong."""


class Encoder:
    """Raises ModelError for a folder that cannot be used, OSError for one that cannot be read."""

    def __init__(self, folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        for name, wanted in _NEEDED.items():
            if config.get(name, wanted) != wanted:
                raise ModelError(f"{name} is {config[name]!r}; only {wanted!r} is read")
        self._layers, self._heads = int(config["num_hidden_layers"]), int(config["num_attention_heads"])
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        pooling = folder / "1_Pooling" / "config.json"
        self._takes_first = pooling.is_file() and bool(json.loads(pooling.read_text()).get("pooling_mode_cls_token"))
        self._weights = {name.removeprefix("bert."): w for name, w in load_file(folder / "model.safetensors").items()}
        if "embeddings.word_embeddings.weight" not in self._weights:
            raise ModelError("model.safetensors has no BERT embeddings")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        unknown = (self._tokenizer.token_to_id(word) for word in ("[UNK]", "<unk>"))
        self._unknown = next((key for key in unknown if key is not None), -1)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(TOKENS_MAX, int(config["max_position_embeddings"])))

    def embed(self, texts: list[str]) -> Array:
        """float32 [texts, hidden], each of length 1, or of zeros where the model does not know the text's signs."""
        return np.stack([self._one(self._tokenizer.encode(text).ids) for text in texts])

    def _is_known(self, ids: list[int]) -> bool:
        inside = max(1, len(ids) - 2)  # without the two marks around it
        return ids.count(self._unknown) / inside <= UNKNOWN_MAX

    def _one(self, ids: list[int]) -> Array:
        """One text at a time: without padding no work is lost, and a class asks one question at a time."""
        weights = self._weights
        if not self._is_known(ids):
            return np.zeros(weights["embeddings.word_embeddings.weight"].shape[1], dtype=np.float32)
        x = weights["embeddings.word_embeddings.weight"][ids]
        x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
        x = self._norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(self._layers):
            x = self._layer(x, f"encoder.layer.{layer}.")
        pooled = x[0] if self._takes_first else x.mean(axis=0)
        return np.asarray(pooled / max(float(np.linalg.norm(pooled)), 1e-12), dtype=np.float32)

    def _layer(self, x: Array, at: str) -> Array:
        tokens, hidden = x.shape
        size = hidden // self._heads
        # [heads, tokens, size]
        query, key, value = (
            self._dense(x, f"{at}attention.self.{name}").reshape(tokens, self._heads, size).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(size))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ value).transpose(1, 0, 2).reshape(tokens, hidden)
        x = self._norm(x + self._dense(mixed, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        inner = _gelu(self._dense(x, f"{at}intermediate.dense"))
        return self._norm(x + self._dense(inner, f"{at}output.dense"), f"{at}output.LayerNorm")

    def _dense(self, x: Array, at: str) -> Array:
        result: Array = x @ self._weights[f"{at}.weight"].T + self._weights[f"{at}.bias"]
        return result

    def _norm(self, x: Array, at: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self._epsilon)
        result: Array = centred / scale * self._weights[f"{at}.weight"] + self._weights[f"{at}.bias"]
        return result


def _gelu(x: Array) -> Array:
    """x·Φ(x), with erf by Abramowitz and Stegun 7.1.26 (1.5e-7)."""
    z = np.abs(x) * np.float32(0.7071067811865476)
    t = 1 / (1 + np.float32(0.3275911) * z)
    polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - polynomial * np.exp(-z * z))
    result: Array = (x * 0.5 * (1 + erf)).astype(np.float32)
    return result
