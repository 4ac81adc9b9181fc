"""Systems -> trajectories, ensembles and distributions."""
