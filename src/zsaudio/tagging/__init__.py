"""Closed-set tagging (Kim and Ghaffarzadegan 2019): attention that is supervised, by itself or by strong labels."""
