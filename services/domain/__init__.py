"""Words and rules of hiring, in the standard library only."""
