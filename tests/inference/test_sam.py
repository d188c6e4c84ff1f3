"""SAM from a directory: a small random network finds a mask, the same one each time; what cannot be loaded is said."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import Sam2Config, Sam2Model, SamConfig, SamImageProcessorPil, SamModel

from inference.errors import BadWeights, NothingFound
from inference.pretrained import TransformersMissing
from inference.targets.sam import SamSelector
from jobs.targets import Box, Click
from tests import photos

IMAGE = photos.with_object()
HEIGHT, WIDTH = IMAGE.shape[:2]
CLICKS = (Click(WIDTH // 2, HEIGHT // 2), Click(2, 2, is_object=False))
BOX = Box(20, 10, 50, 40)
PREPARATION: dict[str, Any] = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def _sam() -> SamModel:
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    vision = {"hidden_size": 16, "output_channels": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return SamModel(
        SamConfig(
            vision_config={
                **vision,
                "image_size": 64,
                "window_size": 2,
                "global_attn_indexes": [0],
                "num_pos_feats": 8,
            },
            prompt_encoder_config={"hidden_size": 16, "image_size": 64, "mask_input_channels": 4},
            mask_decoder_config={**decoder, "iou_head_hidden_dim": 16},
        )
    )


def _sam2() -> Sam2Model:
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 8,
        "image_size": [64, 64],
        "window_positional_embedding_background_size": [2, 2],
        "blocks_per_stage": [1, 1, 1, 1],
        "embed_dim_per_stage": [8, 16, 32, 64],
        "num_attention_heads_per_stage": [1, 1, 1, 1],
        "window_size_per_stage": [2, 2, 2, 2],
        "global_attention_blocks": [],
    }
    vision = {
        "backbone_config": backbone,
        "backbone_channel_list": [64, 32, 16, 8],
        "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 16,
    }
    decoder = {"hidden_size": 16, "mlp_dim": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    return Sam2Model(
        Sam2Config(
            vision_config=vision,
            prompt_encoder_config={"hidden_size": 16, "image_size": 64, "mask_input_channels": 4},
            mask_decoder_config={**decoder, "iou_head_hidden_dim": 16},
        )
    )


def _saved(make: Callable[[], Any], folder: Path) -> Path:
    torch.manual_seed(7)
    model = make()
    with torch.no_grad():
        # Spread out: the network says yes here and no there, and listens to what is pointed at.
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(0, 0.4)
    model.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPARATION))
    return folder


@pytest.fixture(scope="module")
def sam1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _saved(_sam, tmp_path_factory.mktemp("sam"))


@pytest.fixture(scope="module")
def sam2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _saved(_sam2, tmp_path_factory.mktemp("sam2"))


@pytest.fixture
def copied(sam1: Path, tmp_path: Path) -> Path:
    """A directory of one's own, to break."""
    return Path(shutil.copytree(sam1, tmp_path / "model"))


@pytest.mark.parametrize("directory", ["sam1", "sam2"])
@pytest.mark.parametrize("prompt", [(CLICKS, None), ((), BOX), (CLICKS, BOX)], ids=["clicks", "box", "both"])
def test_a_mask_has_the_size_of_the_photo(
    directory: str, prompt: tuple[tuple[Click, ...], Box | None], request: pytest.FixtureRequest
) -> None:
    mask = SamSelector(request.getfixturevalue(directory), device="cpu").select(IMAGE, *prompt)

    assert (mask.shape, mask.dtype) == ((HEIGHT, WIDTH), np.dtype(bool))


@pytest.mark.parametrize("prompt", [(CLICKS, None), ((), BOX), (CLICKS, BOX)], ids=["clicks", "box", "both"])
def test_masks_are_those_that_the_librarys_own_preparation_leads_to(
    prompt: tuple[tuple[Click, ...], Box | None], sam1: Path
) -> None:
    mask = SamSelector(sam1, device="cpu").select(IMAGE, *prompt)

    assert (mask == _by_the_library(sam1, *prompt)).mean() > 0.97


def _by_the_library(directory: Path, clicks: tuple[Click, ...], box: Box | None) -> NDArray[np.bool_]:
    sizes: dict[str, Any] = {"size": {"longest_edge": 64}, "pad_size": {"height": 64, "width": 64}}
    preparing: Any = SamImageProcessorPil(**sizes, **PREPARATION)
    library: Any = transformers
    processor, model = library.SamProcessor(preparing), library.SamModel.from_pretrained(directory).eval()
    prompts: dict[str, Any] = {}
    if clicks:
        prompts["input_points"] = [[[click.x, click.y] for click in clicks]]
        prompts["input_labels"] = [[int(click.is_object) for click in clicks]]
    if box:
        prompts["input_boxes"] = [[[box.x, box.y, box.x + box.width, box.y + box.height]]]
    inputs = processor(Image.fromarray(IMAGE), return_tensors="pt", **prompts)
    original = inputs.pop("original_sizes"), inputs.pop("reshaped_input_sizes")
    if clicks:
        inputs["input_points"] = inputs["input_points"].float().reshape(1, 1, -1, 2)
        inputs["input_labels"] = inputs["input_labels"].reshape(1, 1, -1)
    if box:
        inputs["input_boxes"] = inputs["input_boxes"].float()
    with torch.inference_mode():
        outputs = model(**inputs)
    (masks,) = preparing.post_process_masks(outputs.pred_masks, *original, pad_size={"height": 64, "width": 64})
    return np.asarray(masks[0, int(outputs.iou_scores[0, 0].argmax())].numpy(), bool)


@pytest.mark.parametrize("directory", ["sam1", "sam2"])
def test_the_same_clicks_give_the_same_mask(directory: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(directory)

    one, other = (SamSelector(folder, device="cpu").select(IMAGE, CLICKS, None) for _ in range(2))

    assert np.array_equal(one, other)


def test_what_is_pointed_at_matters(sam1: Path) -> None:
    selector = SamSelector(sam1, device="cpu")

    one, other = (selector.select(IMAGE, (), box) for box in (BOX, Box(0, 0, 20, 20)))

    assert not np.array_equal(one, other)


def test_a_large_photo_gets_a_mask_of_its_size(sam1: Path) -> None:
    mask = SamSelector(sam1, device="cpu").select(photos.gradient(1500, 700), (), Box(200, 100, 700, 500))

    assert mask.shape == (700, 1500)


def test_an_empty_mask_is_nothing_found(sam1: Path) -> None:
    selector = SamSelector(sam1, device="cpu")
    with torch.no_grad():
        for layer in selector._model.mask_decoder.output_hypernetworks_mlps:
            layer.proj_out.weight.zero_()
            layer.proj_out.bias.zero_()

    with pytest.raises(NothingFound):
        selector.select(IMAGE, CLICKS, None)


def test_the_model_says_which_kind_it_is(sam1: Path, sam2: Path) -> None:
    assert [SamSelector(folder, device="cpu").name for folder in (sam1, sam2)] == ["sam", "sam2"]


def test_a_published_video_checkpoint_is_read_as_a_picture_model(sam2: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sam2, tmp_path / "video"))
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "sam2_video"}
    (folder / "config.json").write_text(json.dumps(config))

    one, other = (SamSelector(each, device="cpu").select(IMAGE, CLICKS, None) for each in (sam2, folder))

    assert np.array_equal(one, other)


def test_the_preparation_is_also_found_where_newer_versions_write_it(copied: Path) -> None:
    (copied / "preprocessor_config.json").unlink()
    (copied / "processor_config.json").write_text(json.dumps({"image_processor": PREPARATION}))

    assert SamSelector(copied, device="cpu").select(IMAGE, CLICKS, None).any()


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_directory_that_lacks_a_file_is_refused(name: str, copied: Path) -> None:
    (copied / name).unlink()

    with pytest.raises(BadWeights, match="model"):
        SamSelector(copied, device="cpu")


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadWeights, match="nowhere"):
        SamSelector(tmp_path / "nowhere")


def test_a_pickle_in_place_of_safetensors_is_never_opened(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    opened = copied / "opened"
    torch.save({"trap": _Trap(opened)}, copied / "pytorch_model.bin")

    with pytest.raises(BadWeights):
        SamSelector(copied, device="cpu")
    assert not opened.exists()


class _Trap:
    """Leaves a trace when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))


def test_a_model_of_another_family_is_refused_by_its_type(copied: Path) -> None:
    (copied / "config.json").write_text('{"model_type": "vit"}')

    with pytest.raises(BadWeights, match="'vit'"):
        SamSelector(copied, device="cpu")


def test_missing_tensors_are_refused_by_name(copied: Path) -> None:
    tensors = load_file(copied / "model.safetensors")
    del tensors["mask_decoder.iou_token.weight"]
    save_file(tensors, copied / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(BadWeights, match=r"mask_decoder\.iou_token\.weight"):
        SamSelector(copied, device="cpu")


def test_a_damaged_weights_file_is_refused(copied: Path) -> None:
    (copied / "model.safetensors").write_bytes(b"no tensors")

    with pytest.raises(BadWeights):
        SamSelector(copied, device="cpu")


@pytest.mark.parametrize(
    "stated", ["[]", "{}", "{", '{"image_mean": [0.5], "image_std": [0.5]}', '{"image_mean": "x", "image_std": null}']
)
def test_a_preparation_that_cannot_be_understood_is_refused(stated: str, copied: Path) -> None:
    (copied / "preprocessor_config.json").write_text(stated)

    with pytest.raises(BadWeights):
        SamSelector(copied, device="cpu")


def test_without_transformers_the_error_says_how_to_get_it(sam1: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)

    with pytest.raises(TransformersMissing, match=r"pip install 'pixelsite\[transformers\]'"):
        SamSelector(sam1, device="cpu")
