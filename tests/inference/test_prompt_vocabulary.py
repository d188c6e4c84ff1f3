"""Any words, through a model in a local directory. The models here are small and random: the way there and back is real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from inference.errors import NothingFound
from inference.targets.prompt.vocabulary import VocabularyNotReady, load_vocabulary
from inference.targets.select import GrabCutSelector

IMAGE = np.random.default_rng(1).integers(0, 255, (60, 90, 3)).astype(np.uint8)
_TEXT = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 40}
_VISION = {
    "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 64,
    "patch_size": 16,
}  # fmt: skip


class EveryPixel:
    """Takes a box for the thing in it."""

    name = "box"

    def select(self, image, clicks, box):
        mask = np.zeros(image.shape[:2], bool)
        mask[box.y : box.y + box.height, box.x : box.x + box.width] = True
        return mask


def save_tokenizer(folder: Path) -> None:
    known = {word: number for number, word in enumerate(["<pad>", "<unk>", "bench", "a", "photo", "of", "."])}
    plain = Tokenizer(models.WordLevel(known, unk_token="<unk>"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    fast: Any = transformers.PreTrainedTokenizerFast
    fast(tokenizer_object=plain, pad_token="<pad>", unk_token="<unk>").save_pretrained(folder)


@pytest.fixture(scope="module")
def clipseg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clipseg")
    torch.manual_seed(1)
    config = transformers.CLIPSegConfig(
        text_config=_TEXT | {"eos_token_id": 2},
        vision_config=_VISION,
        projection_dim=16,
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
        extract_layers=[0, 1],
    )
    transformers.CLIPSegForImageSegmentation(config).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def owl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("owl")
    torch.manual_seed(1)
    config = transformers.Owlv2Config(text_config=_TEXT, vision_config=_VISION, projection_dim=16)
    transformers.Owlv2ForObjectDetection(config).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


@pytest.fixture(scope="module")
def dino(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dino")
    torch.manual_seed(1)
    backbone: dict[str, Any] = {"depths": [1] * 4, "num_heads": [1] * 4, "out_features": ["stage2", "stage3", "stage4"]}
    config = transformers.GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(image_size=64, embed_dim=8, window_size=4, **backbone),
        text_config=_TEXT | {"model_type": "bert"},
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=20,
        max_text_len=32,
    )
    transformers.GroundingDinoForObjectDetection(config).save_pretrained(folder)
    save_tokenizer(folder)
    return folder


@pytest.mark.parametrize("kind", ["clipseg", "owl", "dino"])
def test_what_is_found_lies_in_the_picture(kind: str, request: pytest.FixtureRequest) -> None:
    vocabulary = load_vocabulary(request.getfixturevalue(kind), device="cpu", selector=EveryPixel())

    for found in vocabulary.find(IMAGE, "bench"):
        left, top, right, bottom = found.box
        assert 0 <= left < right <= 90
        assert 0 <= top < bottom <= 60
        assert found.mask.any()
        assert 0 < found.score <= 1


@pytest.mark.parametrize("kind", ["clipseg", "owl", "dino"])
def test_the_same_words_find_the_same(kind: str, request: pytest.FixtureRequest) -> None:
    vocabulary = load_vocabulary(request.getfixturevalue(kind), device="cpu", selector=EveryPixel())

    boxes = [[found.box for found in vocabulary.find(IMAGE, "bench")] for _ in range(2)]

    assert boxes[0] == boxes[1]


def test_a_model_of_another_type_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "bert"}))

    with pytest.raises(VocabularyNotReady, match="'bert'; known are clipseg"):
        load_vocabulary(tmp_path, device="cpu", selector=GrabCutSelector())


@pytest.mark.parametrize("content", [None, "{", "[]", "{}"])
def test_a_directory_that_holds_no_model_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)

    with pytest.raises(VocabularyNotReady, match="no readable config"):
        load_vocabulary(tmp_path, device="cpu", selector=GrabCutSelector())


def test_weights_that_could_run_code_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clipseg"}))
    (tmp_path / "pytorch_model.bin").write_bytes(b"")

    with pytest.raises(VocabularyNotReady, match=r"no \.safetensors"):
        load_vocabulary(tmp_path, device="cpu", selector=GrabCutSelector())


def test_a_box_in_which_nothing_stands_out_is_left_out(owl: Path) -> None:
    class Blind:
        name = "blind"

        def select(self, image, clicks, box):
            raise NothingFound

    assert load_vocabulary(owl, device="cpu", selector=Blind()).find(IMAGE, "bench") == []
