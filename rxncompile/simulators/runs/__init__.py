"""Many runs: ensembles, sweeps, passage times, over threads and machines, interrupted and resumed."""
