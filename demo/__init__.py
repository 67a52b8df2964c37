"""All three products on one laptop."""
