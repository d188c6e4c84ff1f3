from django.urls import path

from billing.api.views import BalanceView

urlpatterns = [path("account/balance", BalanceView.as_view(), name="api_balance")]
