"""The documentation site: the files of `docs/` as pages, and the API as a collection for API clients."""
