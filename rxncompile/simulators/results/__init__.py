"""What a simulation gives back: trajectories, ensembles, distributions, sweeps; their files and their comparison."""
