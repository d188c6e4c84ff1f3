from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from accounts import account_views, adapters, code_views, views
from accounts.limits import sign_in_limited

account_pages = [
    path("", account_views.account, name="account"),
    path("sessions/end/", account_views.end_others, name="sessions_end_others"),
    path("sessions/<int:session_id>/end/", account_views.end_one, name="session_end"),
    path("delete/", account_views.delete, name="account_delete"),
    path("closed/", account_views.closed, name="account_closed"),
]

sign_in_pages = [
    path("login/", views.sign_in, name="account_login"),
    path("logout/", LogoutView.as_view(), name="account_logout"),
    path("demo/", sign_in_limited(views.demo_login), name="demo_login"),
    path("code/", code_views.enter, name="sign_in_code"),
    path("code/send/", code_views.send, name="sign_in_code_send"),
    path("google/login/", sign_in_limited(adapters.google_login), name="google_login"),
    path("google/login/callback/", adapters.google_callback, name="google_callback"),
    path("rights/", views.confirm_rights, name="confirm_rights"),
    # allauth reverses this name when two sign-ups of one person collide
    path("signup/", RedirectView.as_view(pattern_name="account_login"), name="socialaccount_signup"),
]

urlpatterns = [
    path("account/", include(account_pages)),
    path("accounts/", include(sign_in_pages)),
]
