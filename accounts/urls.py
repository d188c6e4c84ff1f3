from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.generic import RedirectView

from accounts import adapters, views
from accounts.limits import sign_in_limited

urlpatterns = [
    path("login/", views.sign_in, name="account_login"),
    path("logout/", LogoutView.as_view(), name="account_logout"),
    path("demo/", sign_in_limited(views.demo_login), name="demo_login"),
    path("google/login/", sign_in_limited(adapters.google_login), name="google_login"),
    path("google/login/callback/", adapters.google_callback, name="google_callback"),
    path("rights/", views.confirm_rights, name="confirm_rights"),
    # allauth reverses this name when two sign-ups of one person collide
    path("signup/", RedirectView.as_view(pattern_name="account_login"), name="socialaccount_signup"),
]
