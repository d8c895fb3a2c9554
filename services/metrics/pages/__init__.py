"""View models of the pages under the filter bar: one module a page, a handful of questions each."""
