from django.urls import path

from jobs.api.files import job_file, no_file
from jobs.api.views import EventsView, JobView, ModelsView, RemoveObjectView, UsageView

urlpatterns = [
    path("image/remove-object", RemoveObjectView.as_view(), name="api_remove_object"),
    path("image/<uuid:job_id>", JobView.as_view(), name="api_job"),
    path("image/<uuid:job_id>/events", EventsView.as_view(), name="api_job_events"),
    path("account/usage", UsageView.as_view(), name="api_usage"),
    path("models", ModelsView.as_view(), name="api_models"),
    path("files/<uuid:job_id>/<str:kind>", job_file, name="job_file"),
    path("files/<path:rest>", no_file),
]
