"""Equations found from measured time series: candidates, weak form, sparse fits by integration, what is decided."""
