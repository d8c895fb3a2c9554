"""The product without a web framework: nothing below this package knows Dash, Flask or Plotly."""
