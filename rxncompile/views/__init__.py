"""Pictures, tables and the page: what people look at."""
