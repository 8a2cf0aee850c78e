"""A page to try a model in the browser: labels of a recording, and search. It needs the extra `app`."""
