"""What goes between a guard and its child: pickles over a socket, arrays in shared memory.

Every array has a `memfd` of its own, sealed so that no mapping of it can fault. An array that came from the other side,
or from `shared_copy`, goes back as the same memory; whoever sent it must not change it meanwhile. Received arrays are
read-only. Source: pickle protocol 5 with out-of-band buffers (PEP 574).
"""

from __future__ import annotations

import fcntl
import io
import mmap
import os
import pickle
import socket
import struct
import time
from collections.abc import Collection
from typing import Any, TypeVar

_HEADER = struct.Struct("<QI")
_ARRAYS_MAX = 64
_PICKLE_BYTES_MAX = 1 << 29
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL

# What rebuilds an array over a buffer; nothing here runs code of the sender's choice.
_ARRAYS = frozenset({("numpy._core.numeric", "_frombuffer"), ("numpy", "dtype")})

Array = TypeVar("Array", bound=Any)


class _Block(mmap.mmap):
    """Shared memory, kept by the arrays that lie in it."""

    fd: int

    @classmethod
    def of_size(cls, size: int) -> _Block:
        """New memory that both sides may read; this one may write it."""
        fd = os.memfd_create("pixelsite", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        try:
            os.ftruncate(fd, size)
            fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
            return cls._on(fd, size, mmap.PROT_READ | mmap.PROT_WRITE)
        finally:
            os.close(fd)

    @classmethod
    def received(cls, fd: int, *, bytes_max: int) -> _Block:
        """Memory of the other side. Raises `pickle.UnpicklingError` if it could change its size, or is too large."""
        size = os.fstat(fd).st_size
        if fcntl.fcntl(fd, fcntl.F_GET_SEALS) & _SEALS != _SEALS or not 0 < size <= bytes_max:
            raise pickle.UnpicklingError("shared memory that is not sealed or too large")
        return cls._on(fd, size, mmap.PROT_READ)

    @classmethod
    def _on(cls, fd: int, size: int, protection: int) -> _Block:
        block = cls(fd, size, mmap.MAP_SHARED, protection)
        block.fd = os.dup(fd)
        return block

    def __del__(self) -> None:
        os.close(self.fd)


def shared_copy(array: Array) -> Array:
    """Return a copy of a NumPy array that may be changed here and goes to a child without being copied again."""
    block = _Block.of_size(array.nbytes)
    copy: Array = type(array)(array.shape, array.dtype, buffer=block)
    copy[...] = array
    return copy


def send(to: socket.socket, value: Any, *, deadline: float | None = None) -> None:
    """Raises `TimeoutError`, or another `OSError` if nobody listens."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    blocks = [_block_with(buffer) for buffer in buffers]
    _set_timeout(to, deadline)
    socket.send_fds(to, [_HEADER.pack(len(data), len(blocks))], [block.fd for block in blocks])
    to.sendall(data)


def receive(
    source: socket.socket,
    *,
    deadline: float | None = None,
    allowed: Collection[type] | None = None,
    bytes_max: int = 1 << 40,
) -> Any:
    """Return the next value. With `allowed` it may hold only plain values, arrays, and these classes.

    Raises `EOFError` if the other side is gone, `TimeoutError`, `pickle.UnpicklingError` for anything that is not allowed.
    """
    _set_timeout(source, deadline)
    header, fds, _, _ = socket.recv_fds(source, _HEADER.size, _ARRAYS_MAX)
    try:
        blocks = [_Block.received(fd, bytes_max=bytes_max) for fd in fds]
    finally:
        for fd in fds:
            os.close(fd)
    if len(header) != _HEADER.size:
        raise EOFError
    length, count = _HEADER.unpack(header)
    if length > _PICKLE_BYTES_MAX or count != len(blocks):
        raise pickle.UnpicklingError("a message of the wrong size")
    data = _exactly(source, length, deadline)
    if allowed is None:
        return pickle.loads(data, buffers=blocks)  # noqa: S301  # from the parent
    return _Reader(data, blocks, allowed).load()


class _Reader(pickle.Unpickler):
    def __init__(self, data: bytes, blocks: list[_Block], allowed: Collection[type]) -> None:
        super().__init__(io.BytesIO(data), buffers=blocks)
        self._allowed = {(cls.__module__, cls.__qualname__): cls for cls in allowed}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in self._allowed:
            return self._allowed[module, name]
        if (module, name) in _ARRAYS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is not expected")


def _block_with(buffer: pickle.PickleBuffer) -> _Block:
    """The block that a buffer fills already, or a new one with its bytes."""
    data = buffer.raw()
    holder: Any = data.obj
    while holder is not None and not isinstance(holder, _Block):
        holder = getattr(holder, "obj", None) if isinstance(holder, memoryview) else getattr(holder, "base", None)
    if holder is not None and len(holder) == data.nbytes:
        return holder
    block = _Block.of_size(data.nbytes)
    block[:] = data
    return block


def _exactly(source: socket.socket, length: int, deadline: float | None) -> bytes:
    data = bytearray(length)
    view, done = memoryview(data), 0
    while done < length:
        _set_timeout(source, deadline)
        got = source.recv_into(view[done:])
        if not got:
            raise EOFError
        done += got
    return bytes(data)


def _set_timeout(peer: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        peer.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    peer.settimeout(left)
