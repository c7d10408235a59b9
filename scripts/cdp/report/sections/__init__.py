"""The report's sections: one module each, its SQL above, its numbers below."""
