from django.urls import path

from jobs.api.files import job_file
from jobs.api.views import JobView, ModelsView, RemoveObjectView, UsageView
from jobs.api.waiting import long_polling

urlpatterns = [
    path("image/remove-object", RemoveObjectView.as_view(), name="api_remove_object"),
    path("image/<uuid:job_id>", long_polling(JobView.as_view()), name="api_job"),
    path("account/usage", UsageView.as_view(), name="api_usage"),
    path("models", ModelsView.as_view(), name="api_models"),
    path("files/<uuid:job_id>/<str:kind>", job_file, name="job_file"),
]
