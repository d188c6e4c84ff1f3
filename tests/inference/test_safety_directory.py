"""Classifiers from a directory: read without the network, without running anything, and judged as they were trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import MobileNetV2Config, MobileNetV2ForImageClassification, ViTConfig, ViTForImageClassification

from inference.safety import FilterNotReady
from inference.safety.directory import DirectoryClassifier
from inference.safety.loading import load_filter
from tests import photos

SIDE = 32
PREPARATION = {
    "do_resize": True,
    "size": {"height": SIDE, "width": SIDE},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.5, 0.4, 0.3],
    "image_std": [0.2, 0.3, 0.4],
}


def _saved(model: Any, folder: Path, **preparation: Any) -> Path:
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION | preparation))
    return folder


def _vit(**config: Any) -> Any:
    """A small random transformer."""
    torch.manual_seed(5)
    sizes: dict[str, Any] = {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 16,
    }
    return ViTForImageClassification(
        ViTConfig(image_size=SIDE, patch_size=8, id2label={0: "fine", 1: "nsfw", 2: "odd"}, **sizes, **config)
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _saved(_vit(), tmp_path_factory.mktemp("models") / "random")


@pytest.fixture(scope="module")
def redness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A transformer whose weights are set so that only the mean of red decides: a verdict that is known beforehand.

    Patches become their own mean of red minus that of green; attention and layers add nothing; norms do nothing but shift
    the mean, so a second channel carries the opposite; the classifier reads the difference.
    """
    model = _vit()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        projection = model.vit.embeddings.patch_embeddings.projection
        projection.weight[0, 0], projection.weight[0, 1] = 1 / 64, -1 / 64
        projection.weight[1, 0], projection.weight[1, 1] = -1 / 64, 1 / 64
        # The class token reads all patches alike: keys are zero, values are the patches themselves.
        for layer in model.vit.modules():
            if isinstance(layer, torch.nn.LayerNorm):
                layer.weight.fill_(1.0)
        _pass_values_through(model)
        model.classifier.weight[1, 0], model.classifier.weight[1, 1] = 5.0, -5.0
    return _saved(model, tmp_path_factory.mktemp("models") / "redness", image_mean=[0.0] * 3, image_std=[1.0] * 3)


def _pass_values_through(model: ViTForImageClassification) -> None:
    for name, parameter in model.named_parameters():
        is_value = "value" in name or "v_proj" in name
        is_output = ("attention" in name and "output" in name) or "o_proj" in name
        if (
            name.endswith("weight")
            and parameter.dim() == 2
            and (is_value or is_output)
            and parameter.shape[0] == parameter.shape[1]
        ):
            parameter.copy_(torch.eye(parameter.shape[0]))


def test_probabilities_are_those_of_the_model_on_pixels_prepared_as_it_asks(folder: Path) -> None:
    picture = photos.with_object(SIDE, SIDE)

    (found,) = DirectoryClassifier(folder, device="cpu").classify([picture])

    pixels = (picture / 255 - [0.5, 0.4, 0.3]) / [0.2, 0.3, 0.4]
    x = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None]
    with torch.inference_mode():
        model: Any = ViTForImageClassification.from_pretrained(folder)
        wanted = model(pixel_values=x).logits.softmax(-1)[0]
    assert np.allclose(found, wanted.numpy(), atol=1e-5)


def test_labels_come_in_the_order_of_the_outputs(folder: Path) -> None:
    assert DirectoryClassifier(folder, device="cpu").labels == ("fine", "nsfw", "odd")


def test_labels_that_do_not_exclude_each_other_have_a_probability_each(tmp_path: Path) -> None:
    model = _saved(_vit(problem_type="multi_label_classification"), tmp_path / "multi")

    found = DirectoryClassifier(model, device="cpu").classify([photos.with_object()])

    assert abs(float(found.sum()) - 1) > 0.01


def test_networks_of_other_kinds_are_read_too(tmp_path: Path) -> None:
    config = MobileNetV2Config(image_size=SIDE, depth_multiplier=0.35, id2label={0: "fine", 1: "nsfw"})
    model = _saved(MobileNetV2ForImageClassification(config), tmp_path / "cnn", crop_size=SIDE, do_center_crop=True)

    assert DirectoryClassifier(model, device="cpu").classify([photos.with_object()] * 3).shape == (3, 2)


@pytest.mark.parametrize(
    ("colour", "decision"), [((255, 0, 0), "block"), ((90, 90, 90), "allow"), ((0, 200, 0), "allow")]
)
def test_a_model_whose_verdict_is_known_gives_it(
    redness: Path, tmp_path: Path, colour: tuple[int, int, int], decision: str
) -> None:
    judge = load_filter(
        f"transformers:{redness}",
        models_dir=tmp_path,
        policy='{"red": {"labels": ["nsfw"], "block": 0.8}}',
        device="cpu",
    )

    assert judge.check(np.full((50, 70, 3), colour, np.uint8)).decision == decision


def test_without_a_policy_the_labels_are_told(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FilterNotReady, match="has the labels fine, nsfw, odd; which of them to block"):
        load_filter(f"transformers:{folder}", models_dir=tmp_path, device="cpu")


@pytest.mark.parametrize("missing", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, tmp_path: Path, missing: str) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / missing).unlink()

    with pytest.raises(FilterNotReady, match=rf"no \.safetensors|{missing}"):
        DirectoryClassifier(tmp_path / "copy")


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilterNotReady, match=r"There is no directory .*/nowhere"):
        DirectoryClassifier(tmp_path / "nowhere")


def test_a_pickle_is_never_read(folder: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "exploded",)

    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "model.safetensors").unlink()
    torch.save({"bomb": Bomb()}, tmp_path / "copy" / "pytorch_model.bin")

    with pytest.raises(FilterNotReady, match="can run code"):
        DirectoryClassifier(tmp_path / "copy")

    assert not (tmp_path / "exploded").exists()


def test_weights_without_a_classifier_are_refused_instead_of_made_up(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: value for name, value in weights.items() if not name.startswith("classifier")},
        tmp_path / "copy" / "model.safetensors",
        metadata={"format": "pt"},
    )

    with pytest.raises(FilterNotReady, match=r"lack classifier\.bias"):
        DirectoryClassifier(tmp_path / "copy")


@pytest.mark.parametrize(
    "wrong", [{"size": {"height": 9000, "width": 9000}}, {"size": {}}, {"image_std": [0, 1, 1]}, {"image_mean": "grey"}]
)
def test_a_preparation_that_is_not_understood_is_refused(folder: Path, tmp_path: Path, wrong: dict[str, Any]) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "preprocessor_config.json").write_text(json.dumps(PREPARATION | wrong))

    with pytest.raises(FilterNotReady, match=r"preprocessor_config\.json is not understood"):
        DirectoryClassifier(tmp_path / "copy")


def test_a_model_of_another_kind_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "config.json").write_text('{"model_type": "bert"}')

    with pytest.raises(FilterNotReady, match="cannot be loaded as an image classifier"):
        DirectoryClassifier(tmp_path / "copy")
