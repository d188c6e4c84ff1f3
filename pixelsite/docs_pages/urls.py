from django.urls import path

from pixelsite.docs_pages import views

urlpatterns = [
    path("", views.index, name="docs"),
    path("search.json", views.search, name="docs_search"),
    path("pixelsite.postman_collection.json", views.collection_file, name="docs_collection"),
    path("images/<str:name>", views.picture, name="docs_picture"),
    path("<path:name>", views.page, name="docs_page"),
]
