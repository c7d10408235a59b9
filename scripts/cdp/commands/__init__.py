"""Groups of the command line, one module each; cdp.cli puts them together."""
