"""The report: tables beside the paper's with intervals, charts, studies, and what may be said of them."""
