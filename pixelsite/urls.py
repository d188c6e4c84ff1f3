"""Routes of the houses."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from accounts import visit_views
from billing.views import stripe_endpoint
from jobs import admin_pages
from pixelsite import views
from pixelsite.status import status_page

urlpatterns = [
    path("", views.landing, name="home"),
    path("pricing", views.pricing, name="pricing"),
    path("healthz", views.healthz, name="healthz"),
    path("status", status_page, name="status"),
    path("", include("jobs.urls")),
    path("", include("accounts.urls")),
    path("billing/", include("billing.urls")),
    path("stripe/events", stripe_endpoint, name="stripe_events"),
    path("admin/visit/end/", admin.site.admin_view(visit_views.end), name="admin_visit_end"),
    path("admin/find/", admin.site.admin_view(admin_pages.find_page), name="admin_find"),
    path("admin/figures/", admin.site.admin_view(admin_pages.figures_page), name="admin_figures"),
    path("admin/", admin.site.urls),
    path("", include("jobs.facades.urls")),
    path("v1/", include("accounts.api.urls")),
    path("v1/", include("billing.api.urls")),
    path("v1/", include("jobs.api.urls")),
    path("v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    # Last of its kind: under DEBUG Django would answer with a page for programmers, in HTML.
    # A pattern of ours, because Django's `path` stops at a line break.
    re_path(r"^v1/(?P<rest>[\s\S]*)$", views.nothing_in_the_api),
    path("docs/api", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="api_docs"),
    path("docs/", include("pixelsite.docs_pages.urls")),
]

handler400 = "pixelsite.views.bad_request"
handler403 = "pixelsite.views.permission_denied"
handler404 = "pixelsite.views.not_found"
handler500 = "pixelsite.views.server_error"
