"""What was asked, and what became of it: catalogue, uploads, lifecycle, the /v1 API, the editor's pages."""
