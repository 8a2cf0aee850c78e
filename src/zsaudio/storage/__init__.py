"""Files: written whole, checked at the gate, downloaded."""
