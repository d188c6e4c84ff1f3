"""Ground floor: no models, no business, knows nobody above it."""
