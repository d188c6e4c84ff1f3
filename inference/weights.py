"""Weights files become named arrays, without running anything that is written in them.

Read are safetensors files and torch's zip archives: checkpoints written by `torch.save` and TorchScript files. The
pickle inside an archive is read by an unpickler that imports nothing: containers and tensors are built by this module,
every other class becomes an empty shell. Torch itself is not needed.
"""

from __future__ import annotations

import hashlib
import io
import pickle  # only to subclass its reader, below
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from inference.errors import BadWeights

Array = NDArray[Any]

_DTYPES = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
}
_DEPTH_MAX = 64  # modules within modules; a generator needs about ten
_ARCHIVE_ERRORS = (pickle.UnpicklingError, KeyError, ValueError, TypeError, IndexError, AttributeError, EOFError,
                   OverflowError, MemoryError, zipfile.BadZipFile, NotImplementedError, RecursionError)  # fmt: skip


def read_arrays(path: Path) -> dict[str, Array]:
    """Return every tensor of a weights file under its dotted name.

    Names in an archive start with where the tensor lies, such as `state_dict.`. Raises `BadWeights`.
    """
    if not path.is_file():
        raise BadWeights(f"There is no weights file {path}.")
    if zipfile.is_zipfile(path):
        return _read_archive(path)
    try:
        return dict(load_file(path))
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise BadWeights(f"{path.name} is neither a safetensors file nor a torch archive: {error}") from error


def hash_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_archive(path: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            (root,) = (name.removesuffix("data.pkl") for name in archive.namelist() if name.endswith("/data.pkl"))
            content = _Reader(archive, root).load()
            return dict(_tensors(content, "", 0))
    except _ARCHIVE_ERRORS as error:
        raise BadWeights(f"{path.name} is a torch archive that cannot be read: {error}") from error


def _tensors(value: object, name: str, depth: int) -> Iterator[tuple[str, Array]]:
    if isinstance(value, np.ndarray):
        yield name, value
        return
    held = value.held if isinstance(value, _Shell) else value
    if not isinstance(held, Mapping) or depth > _DEPTH_MAX:
        return
    for key, item in held.items():
        if isinstance(key, str):
            yield from _tensors(item, f"{name}.{key}" if name else key, depth + 1)


class _Shell:
    """Stands for an object of a class that is not imported: keeps its state, does nothing."""

    held: object = None

    def __new__(cls, *_: object, **__: object) -> _Shell:
        return super().__new__(cls)

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        self.held = state

    # Pickle also fills objects by these; what it puts there is not looked at.
    def __setitem__(self, key: object, value: object) -> None:
        pass

    def append(self, item: object) -> None:
        pass

    def extend(self, items: object) -> None:
        pass


class _StorageType(_Shell):
    """The kind of numbers of a storage, by name."""

    dtype: ClassVar[type[np.generic] | None] = None


def _storage_type(name: str) -> type[_StorageType]:
    return type(name, (_StorageType,), {"dtype": _DTYPES.get(name)})


class _Reader(pickle.Unpickler):  # find_class never imports
    """Reads the pickle of a torch archive."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(io.BytesIO(_stored(archive, f"{root}data.pkl")))
        self._archive, self._root = archive, root
        self._storages: dict[str, Array] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        if module == "torch" and name.endswith("Storage"):
            return _storage_type(name)
        return type(name, (_Shell,), {})

    def persistent_load(self, pid: Any) -> Array | _Shell:
        kind, storage, key, _, length = pid
        if kind != "storage" or not (isinstance(storage, type) and issubclass(storage, _StorageType)):
            raise pickle.UnpicklingError("a reference to something that is no tensor")
        if storage.dtype is None:
            return _Shell()
        if key not in self._storages:
            content = _stored(self._archive, f"{self._root}data/{key}")
            self._storages[key] = np.frombuffer(content, storage.dtype, count=int(length))
        return self._storages[key]


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    # Torch never compresses; a compressed entry could be a bomb.
    if archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
        raise pickle.UnpicklingError("a compressed entry")
    return archive.read(name)


def _tensor(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Array | _Shell:
    if not isinstance(storage, np.ndarray):
        return _Shell()
    # Strides are taken literally by numpy: they must not lead out of the storage.
    last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    if offset < 0 or min(stride, default=0) < 0 or min(size, default=1) < 1 or last >= len(storage):
        raise pickle.UnpicklingError("a tensor outside its storage")
    steps = [step * storage.itemsize for step in stride]
    return np.lib.stride_tricks.as_strided(storage[offset:], size, steps, writeable=False).copy()


def _parameter(data: Array | _Shell, *_: object) -> Array | _Shell:
    return data
