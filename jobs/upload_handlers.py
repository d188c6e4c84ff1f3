"""Refuse a file at its limit, by its name. The whole request is bounded by `pixelsite.lib.body`, before Django."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler

from pixelsite.lib.errors import PixelsiteError


class FileTooLarge(PixelsiteError):
    """The file is too large."""

    code = "file_too_large"
    status = 413

    def __init__(self, *, param: str | None = None, bytes_max: int | None = None) -> None:
        megabytes = (bytes_max or settings.UPLOAD_BYTES_MAX) // 1_000_000
        super().__init__(f"The file is too large: {megabytes} MB are allowed. Send a smaller one.", param=param)


class BoundedUploadHandler(FileUploadHandler):
    """Counts every file as it comes in and refuses it at the limit; passes all data on to the next handler."""

    _received = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self._received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self._received += len(raw_data)
        if self._received > settings.UPLOAD_BYTES_MAX:
            self._close_what_was_begun()
            raise FileTooLarge(param=self.field_name)
        return raw_data

    def file_complete(self, file_size: int | None) -> None:
        return None

    def _close_what_was_begun(self) -> None:
        """Django leaves a temporary file open when a handler refuses."""
        for handler in getattr(self.request, "upload_handlers", ()):
            handler.upload_interrupted()
