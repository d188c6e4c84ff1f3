from django.urls import path

from accounts.api.views import RightsView

urlpatterns = [path("account/rights", RightsView.as_view(), name="api_rights")]
