from django.urls import path

from billing import credit_views, rules_views, views

urlpatterns = [
    path("", views.billing_page, name="billing"),
    path("credits/", credit_views.credits_page, name="credits"),
    path("alerts/", rules_views.spending_rules, name="spending_rules"),
    path("credits.csv", credit_views.credits_csv, name="credits_csv"),
    path("plans/<slug:slug>/", views.plan_choose, name="plan_choose"),
    path("plans/<slug:slug>/switch/", views.plan_switch, name="plan_switch"),
    path("keep/", views.plan_keep, name="plan_keep"),
    path("cancel/", views.plan_cancel, name="plan_cancel"),
    path("resume/", views.plan_resume, name="plan_resume"),
    path("packs/", views.pack_buy, name="pack_buy"),
    path("automatic/", views.top_up_rules, name="top_up_rules"),
    path("automatic/off/", views.top_up_off, name="top_up_off"),
    path("invoices/", views.invoices, name="billing_invoices"),
    path("pay/", views.pay_open_invoice, name="pay_open_invoice"),
    path("portal/", views.portal, name="billing_portal"),
    path("done/", views.checkout_done, name="checkout_done"),
    path("given-up/", views.checkout_given_up, name="checkout_given_up"),
]
