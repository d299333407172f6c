"""Training of classifiers: from cases with labels to a calibrated bundle with its card."""
