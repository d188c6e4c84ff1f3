from django.urls import path

from jobs import views
from jobs.api.editor import EditorJobView, EditorSubmitView

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("editor/", views.editor, name="editor"),
    path("editor/jobs/", EditorSubmitView.as_view(), name="editor_submit"),
    path("editor/jobs/<uuid:job_id>/", EditorJobView.as_view(), name="editor_job"),
    path("jobs/<uuid:job_id>/", views.job_detail, name="job_detail"),
    path("keys/", views.key_create, name="key_create"),
    path("keys/<int:key_id>/revoke/", views.key_revoke, name="key_revoke"),
]
