"""Parameters of a model from measurements: problems, likelihoods and gradients, minimisation, what data tell."""
