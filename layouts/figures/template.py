"""What every figure shares. Colours are the light tokens; the style sheet repaints marks by trace name in dark."""

from __future__ import annotations

from typing import Any

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
INK = "#51627a"
GRID = "#e3e9ef"
SERIES = "#0f5c8c"
BAND = "rgba(15,92,140,.13)"
MUTED = "#7d8da0"
TARGET = "#b26a00"
CLEAR = "rgba(0,0,0,0)"

CONFIG: Any = {"displayModeBar": False, "responsive": True, "doubleClick": False, "showTips": False}

AXIS: dict[str, Any] = {
    "showline": False,
    "zeroline": False,
    "ticks": "",
    "tickfont": {"size": 12, "color": INK},
    "gridcolor": GRID,
    "fixedrange": True,
}


def layout(**settings: Any) -> dict[str, Any]:
    """A figure's layout: transparent ground, our type, no legend (series are labelled where they end)."""
    return {
        "font": {"family": FONT, "size": 12, "color": INK},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "showlegend": False,
        "hovermode": "x unified",
        "hoverlabel": {"font": {"family": FONT, "size": 12}},
        "dragmode": False,
        "separators": ".,",
        **settings,
    }
