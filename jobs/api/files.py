"""Images by signed address. The signature is the permission: no key, no session."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.files import File
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt

from jobs import representation
from jobs.models import Job
from pixelsite.lib.api import error_response
from pixelsite.lib.errors import PixelsiteError
from pixelsite.lib.signing import SignatureInvalid, verify_path

_CHUNK_BYTES = 1 << 20


class ImageGone(PixelsiteError):
    """This image has been deleted. Results are kept for a limited time: submit the photo again."""

    code = "gone"
    status = 410


@csrf_exempt  # whoever posts gets the same answer as whoever changed the link
async def job_file(request: HttpRequest, job_id: UUID, kind: str) -> HttpResponseBase:
    """Stream one image of a job. A link is a permission to read: nothing else is done with it."""
    try:
        if request.method not in ("GET", "HEAD"):
            raise SignatureInvalid
        if set(request.GET) != {"expires", "sig"} or any(len(values) != 1 for _, values in request.GET.lists()):
            raise SignatureInvalid
        verify_path(request.path, expires=request.GET["expires"], signature=request.GET["sig"])
        job, file = await sync_to_async(_open)(job_id, kind)
    except PixelsiteError as refusal:
        return error_response(request, detail=refusal.message, code=refusal.code, status=refusal.status)
    headers = {
        "Content-Length": str(file.size),
        "Content-Disposition": f'attachment; filename="{representation.download_name(job, kind)}"',
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    content_type = representation.file_type(job, kind)
    if request.method == "HEAD":
        await sync_to_async(file.close)()
        return HttpResponse(headers=headers, content_type=content_type)
    response = StreamingHttpResponse(_chunks(file), headers=headers, content_type=content_type)
    # Closed with the response, also when the caller hangs up before the first byte.
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]  # as FileResponse does
    return response


@csrf_exempt
def no_file(request: HttpRequest, rest: str) -> HttpResponse:
    """Every other address below /v1/files/: nobody can have a link to it."""
    refusal = SignatureInvalid()
    return error_response(request, detail=refusal.message, code=refusal.code, status=refusal.status)


def _open(job_id: UUID, kind: str) -> tuple[Job, File[bytes]]:
    job = Job.objects.filter(pk=job_id).first()
    name = representation.file_name(job, kind) if job else ""
    if job is None or not name:
        raise ImageGone
    try:
        return job, default_storage.open(name, "rb")
    except FileNotFoundError:
        raise ImageGone from None


async def _chunks(file: File[bytes]) -> AsyncIterator[bytes]:
    while chunk := await sync_to_async(file.read)(_CHUNK_BYTES):
        yield chunk
