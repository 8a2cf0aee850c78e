"""Audio retrieval: recordings and their captions in one space (Primus, Koutini and Widmer 2023)."""
