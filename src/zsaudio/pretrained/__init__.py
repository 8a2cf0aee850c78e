"""Models of others, from the Hugging Face hub or a folder: where their files are, and their networks."""
