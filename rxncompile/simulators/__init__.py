"""Systems -> trajectories and ensembles."""
