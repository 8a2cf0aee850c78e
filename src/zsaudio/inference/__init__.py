"""Trained models at work: prediction, pictures, export."""
