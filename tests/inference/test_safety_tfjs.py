"""TensorFlow.js models: the same numbers as an independent forward pass; what is not understood is refused by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from inference.errors import BadWeights
from inference.safety import jsliteral, tfjs
from inference.safety.keras import Network
from tests.inference.tiny_tfjs import TinyModel, tiny_model


@pytest.fixture(scope="module")
def model() -> TinyModel:
    return tiny_model()


def _pictures(count: int, side: int = 15) -> Any:
    return np.random.default_rng(8).random((count, side, side + 3, 3)).astype(np.float32)


def _network(model: tfjs.LayersModel) -> Network:
    return Network(model, torch.device("cpu"))


@pytest.mark.parametrize("side", [15, 16, 17])
def test_the_network_computes_what_an_independent_forward_pass_does(tmp_path: Path, side: int) -> None:
    model, pictures = tiny_model(side=side), _pictures(2, side)

    found = _network(tfjs.read_folder(model.write(tmp_path)))(torch.from_numpy(pictures).permute(0, 3, 1, 2))

    wanted = np.stack([model.forward(picture.astype(np.float64)) for picture in pictures])
    assert np.allclose(found.numpy(), wanted, atol=1e-5)


def test_bundles_hold_the_same_model(tmp_path: Path, model: TinyModel) -> None:
    topology, shard = model.bundles()
    (tmp_path / "model.min.js").write_bytes(topology)
    (tmp_path / "shard.min.js").write_bytes(shard)

    bundled = tfjs.read_bundles(tmp_path / "model.min.js", {"group1-shard1of1": tmp_path / "shard.min.js"})

    plain = tfjs.read_folder(model.write(tmp_path / "plain"))
    assert bundled.topology == plain.topology
    assert all(np.array_equal(bundled.weights[name], plain.weights[name]) for name in plain.weights)


def test_a_converted_file_gives_the_same_probabilities(tmp_path: Path, model: TinyModel) -> None:
    read = tfjs.read_folder(model.write(tmp_path))
    x = torch.from_numpy(_pictures(1)).permute(0, 3, 1, 2)

    tfjs.save(read, tmp_path / "model.safetensors")

    assert torch.equal(_network(tfjs.load(tmp_path / "model.safetensors"))(x), _network(read)(x))


def _with(model: TinyModel, change: Callable[[Any], None]) -> Any:
    document = json.loads(json.dumps(model.document))
    change(document)
    return document


def _layers(document: Any) -> Any:
    return document["modelTopology"]["model_config"]["config"]["layers"]


def _weights(document: Any) -> Any:
    return document["weightsManifest"][0]["weights"]


def _refused(tmp_path: Path, model: TinyModel, change: Callable[[Any], None]) -> str:
    path = model.write(tmp_path)
    path.write_text(json.dumps(_with(model, change)))
    with pytest.raises(BadWeights) as refusal:
        _network(tfjs.read_folder(path))
    return str(refusal.value)


def test_an_unknown_layer_is_refused_by_name(tmp_path: Path, model: TinyModel) -> None:
    said = _refused(tmp_path, model, lambda document: _layers(document)[4].update(class_name="Lambda"))

    assert "relu is a layer of kind 'Lambda'" in said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: _layers(d)[2]["config"].update(activation="swish"), "activation 'swish'"),
        (lambda d: _layers(d)[2]["config"].update(padding="causal"), "padding 'causal'"),
        (lambda d: _layers(d)[3]["config"].update(axis=1), "another axis"),
        (lambda d: _layers(d)[4]["config"].update(negative_slope=0.1), "slope"),
        (lambda d: _layers(d)[4].update(inbound_nodes=[[["out", 0, 0, {}]]]), "reads out, which is not before it"),
        (lambda d: _layers(d)[4].update(inbound_nodes=[[["bn", 0, 0, {}]], [["bn", 0, 0, {}]]]), "more than once"),
        (lambda d: _layers(d)[0]["config"].update(batch_input_shape=[None, 9000, 9000, 3]), "9000"),
        (lambda d: d["modelTopology"]["model_config"].update(class_name="Sequential"), "'Sequential'"),
        (lambda d: _weights(d)[0].update(name="elsewhere/kernel"), "no weights conv/kernel"),
        (lambda d: _weights(d)[0].update(shape=[3, 3, 6, 3]), "cannot be built"),
    ],
)
def test_a_topology_that_is_not_understood_is_refused_with_a_sentence(
    tmp_path: Path, model: TinyModel, change: Callable[[Any], None], sentence: str
) -> None:
    assert sentence in _refused(tmp_path, model, change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: _weights(d)[0].update(shape=[1 << 40]), "allowed"),
        (lambda d: _weights(d)[0].update(shape=[3, 3, 3, -6]), "has the shape"),
        (lambda d: _weights(d)[0].update(shape=[3, 3, 3, 7]), "instead of"),
        (lambda d: _weights(d)[0].update(dtype="string"), "stored as"),
        (lambda d: d["weightsManifest"][0].update(paths=["../secret"]), "a shard is named"),
        (lambda d: d["weightsManifest"][0].update(paths=["missing"]), "cannot be read"),
        (lambda d: d["weightsManifest"][0].update(paths=["x"] * 1000), "too many shards"),
        (lambda d: d.pop("modelTopology"), "modelTopology"),
    ],
)
def test_weights_that_do_not_add_up_are_refused_before_they_are_read(
    tmp_path: Path, model: TinyModel, change: Callable[[Any], None], sentence: str
) -> None:
    assert sentence in _refused(tmp_path, model, change)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"null", b"[" * 100_000])
def test_what_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.json").write_bytes(content)

    with pytest.raises(BadWeights):
        tfjs.read_folder(tmp_path / "model.json")


@pytest.mark.parametrize("shard", [b"module.exports=3", b"nothing", b'a.exports="%%%"', b"a.exports={}"])
def test_a_bundle_without_base64_text_is_refused(tmp_path: Path, model: TinyModel, shard: bytes) -> None:
    (tmp_path / "model.min.js").write_bytes(model.bundles()[0])
    (tmp_path / "shard.min.js").write_bytes(shard)

    with pytest.raises(BadWeights):
        tfjs.read_bundles(tmp_path / "model.min.js", {"group1-shard1of1": tmp_path / "shard.min.js"})


def test_another_safetensors_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"\x02\x00\x00\x00\x00\x00\x00\x00{}")

    with pytest.raises(BadWeights, match="not a converted"):
        tfjs.load(tmp_path / "model.safetensors")


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_VALUES)
def test_all_json_is_a_javascript_value(value: Any) -> None:
    assert jsliteral.read_value(json.dumps(value)) == value


@given(st.text())
def test_a_text_is_read_or_refused(text: str) -> None:
    try:
        jsliteral.read_value(text)
    except ValueError:
        pass


@pytest.mark.parametrize("script", ["f()", "{a:b}", "[1 2]", "{1", "", "`x`", "{a 1}", "[" * 20])
def test_code_is_never_a_value(script: str) -> None:
    with pytest.raises(ValueError, match=r"value|expected|key"):
        jsliteral.read_value(script)


def test_what_bundlers_write_is_understood() -> None:
    script = "{a:!0,b:!1,'c':-.5,$d:1e-3,e:[5.,null,\"\\u00e9\\n\"],}"

    assert jsliteral.read_value(script.replace(",}", "}")) == {
        "a": True, "b": False, "c": -0.5, "$d": 0.001, "e": [5.0, None, "é\n"],
    }  # fmt: skip
