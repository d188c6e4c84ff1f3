"""The vendors' own addresses. A vendor without its lines here is gone."""

from django.urls import path

from jobs.facades import clipdrop, maskr, maskr_batch, picwish

urlpatterns = [
    path("cleanup/v1", clipdrop.CleanupView.as_view(), name="clipdrop_cleanup"),
    path("inpainting/v1", clipdrop.InpaintingView.as_view(), name="clipdrop_inpainting"),
    path("api/tasks/visual/inpaint", picwish.CreateTaskView.as_view(), name="picwish_create"),
    path("api/tasks/visual/inpaint/<str:task_id>", picwish.TaskView.as_view(), name="picwish_task"),
    path("v1/services/object-removal", maskr.ObjectRemovalView.as_view(), name="maskr_removal"),
    path("v1/services/object-removal/batch", maskr_batch.ObjectRemovalBatchView.as_view(), name="maskr_batch"),
]
