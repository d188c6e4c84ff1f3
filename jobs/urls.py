from django.urls import path

from jobs import export_views, history_views, key_views, usage_views, views, webhook_views
from jobs.api.editor import EditorEventsView, EditorFindView, EditorJobView, EditorSubmitView

urlpatterns = [
    path("account/export/", export_views.account_export, name="account_export"),
    path("dashboard/", views.dashboard, name="dashboard"),
    path("editor/", views.editor, name="editor"),
    path("editor/find/", EditorFindView.as_view(), name="editor_find"),
    path("editor/events/<uuid:job_id>/", EditorEventsView.as_view(), name="editor_events"),
    path("editor/jobs/", EditorSubmitView.as_view(), name="editor_submit"),
    path("editor/jobs/<uuid:job_id>/", EditorJobView.as_view(), name="editor_job"),
    path("jobs/<uuid:job_id>/", views.job_detail, name="job_detail"),
    path("jobs/<uuid:job_id>/again/", history_views.job_again, name="job_again"),
    path("jobs/<uuid:job_id>/appeal/", views.job_appeal, name="job_appeal"),
    path("photos/", history_views.photos, name="photos"),
    path("photos/delete/", history_views.photos_delete, name="photos_delete"),
    path("photos/download/", history_views.photos_download, name="photos_download"),
    path("keys/", key_views.keys, name="keys"),
    path("keys/<int:key_id>/", key_views.key_change, name="key_change"),
    path("keys/<int:key_id>/rotate/", key_views.key_rotate, name="key_rotate"),
    path("keys/<int:key_id>/revoke/", key_views.key_revoke, name="key_revoke"),
    path("usage/", usage_views.usage_page, name="usage"),
    path("webhooks/", webhook_views.webhooks_page, name="webhooks"),
    path("webhooks/add/", webhook_views.endpoint_add, name="endpoint_add"),
    path("webhooks/secret/", webhook_views.secret_show, name="account_secret_show"),
    path("webhooks/secret/rotate/", webhook_views.secret_rotate, name="account_secret_rotate"),
    path("webhooks/<int:endpoint_id>/delete/", webhook_views.endpoint_delete, name="endpoint_delete"),
    path("webhooks/<int:endpoint_id>/enable/", webhook_views.endpoint_enable, name="endpoint_enable"),
    path("webhooks/<int:endpoint_id>/test/", webhook_views.endpoint_test, name="endpoint_test"),
    path("webhooks/<int:endpoint_id>/secret/", webhook_views.secret_show, name="endpoint_secret_show"),
    path("webhooks/<int:endpoint_id>/secret/rotate/", webhook_views.secret_rotate, name="endpoint_secret_rotate"),
    path("webhooks/sent/<uuid:delivery_id>/again/", webhook_views.delivery_send_again, name="delivery_send_again"),
]
