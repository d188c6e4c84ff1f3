from django.urls import path

from jobs.api.appeals import AppealView
from jobs.api.batches import BatchResultsView, BatchRetryView, BatchView, RemoveObjectBatchView
from jobs.api.files import job_file, no_file
from jobs.api.unserved import UnservedView
from jobs.api.views import EventsView, JobView, ModelsView, RemoveObjectView, SegmentView, UsageView
from jobs.catalogue import UNSERVED

_unserved = [
    path(
        operation.endpoint.removeprefix("/v1/"),
        UnservedView.as_view(operation=operation.name),
        name=f"api_{operation.name}",
    )
    for operation in UNSERVED
]

urlpatterns = [
    *_unserved,
    path("image/remove-object", RemoveObjectView.as_view(), name="api_remove_object"),
    path("image/remove-object/batch", RemoveObjectBatchView.as_view(), name="api_remove_object_batch"),
    path("batches/<uuid:batch_id>", BatchView.as_view(), name="api_batch"),
    path("batches/<uuid:batch_id>/retry", BatchRetryView.as_view(), name="api_batch_retry"),
    path("batches/<uuid:batch_id>/results.zip", BatchResultsView.as_view(), name="api_batch_results"),
    path("image/segment", SegmentView.as_view(), name="api_segment"),
    path("image/<uuid:job_id>", JobView.as_view(), name="api_job"),
    path("image/<uuid:job_id>/events", EventsView.as_view(), name="api_job_events"),
    path("image/<uuid:job_id>/appeal", AppealView.as_view(), name="api_job_appeal"),
    path("account/usage", UsageView.as_view(), name="api_usage"),
    path("models", ModelsView.as_view(), name="api_models"),
    path("files/<uuid:job_id>/<str:kind>", job_file, name="job_file"),
    path("files/<path:rest>", no_file),
]
