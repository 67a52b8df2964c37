"""Fitting, calibrating and measuring the scorer; needs scikit-learn, which scoring does not."""
