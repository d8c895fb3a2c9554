"""Published figures against a recomputation from the source, which shares neither code nor mapping with them."""
