"""Static files under names that carry their hash, on a laptop too: what is tested there is what is served."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it has no type hints
    """WhiteNoise's storage, which under DEBUG would give plain names, and would not look into scripts for their imports."""

    support_js_module_import_aggregation = True
    max_post_process_passes = 10  # one for each step of the longest chain of imports

    def url(self, name: str, force: bool = False) -> str:
        address: str = super().url(name, force=True)
        return address
