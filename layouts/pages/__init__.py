"""One module a page: view model in, component tree out."""
