"""The GPU's bench counts right and says what it has not measured. That it runs is tried on the CPU, with a small model."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.bench import inference_gpu
from tests.bench.inference_gpu import Sitting, checkpoint_make, figures_of, measured, roofline

SMALL = {
    "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1_024, "tie_word_embeddings": True,
}  # fmt: skip


def test_the_roofline_is_bandwidth_over_what_a_step_reads() -> None:
    """As in the reference's reckoning: 3.09 GB of weights on 4.8 TB/s are 1,550 tokens a second for one stream."""
    assert roofline(1, per_s=4.8e12, weights=3_090_000_000, context=0, token=28_672) == pytest.approx(1_553, abs=1)
    many = roofline(32, per_s=4.8e12, weights=3_090_000_000, context=4_096, token=28_672)
    assert many == pytest.approx(22_430, rel=0.01)


def test_a_share_of_it_is_the_figure() -> None:
    lines = [figure.line() for figure in figures_of([Sitting(1, 800.0, 1_600.0), Sitting(8, 1.0, 2.0)])]
    assert lines == ["figure gpu_roofline_1 0.5 goal >= 0.5", "unmeasured gpu_roofline_32"]


def test_a_small_model_is_measured_on_any_device(tmp_path: Path) -> None:
    model = checkpoint_make(tmp_path / "small", SMALL)
    sittings = measured(model, "cpu", (1, 3), tokens=120, copied=1 << 20)
    assert [sitting.streams for sitting in sittings] == [1, 3]
    assert all(sitting.tokens_s > 0 and sitting.roofline > 0 for sitting in sittings)


def test_without_a_gpu_it_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert inference_gpu.main([]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "no GPU here", "unmeasured gpu_roofline_1", "unmeasured gpu_roofline_32",
    ]  # fmt: skip
