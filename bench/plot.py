"""Bar charts as SVG, without a library: one bar a row, on a logarithmic scale."""

import html
import math

COLOURS = {"interpreter": "#3b6ea5", "baseline": "#c08a2e", "optimizing": "#6b8f4e", "native": "#888888"}
LABEL, BAR, ROW, MARGIN = 210, 520, 22, 14


def bars(title, rows, axis):
    """rows: [(label, value, kind)], values of at least 0.1; `axis` says what the values are. → the SVG's text."""
    least = min(1.0, min(value for _, value, _ in rows))
    most = max(value for _, value, _ in rows)
    low, high = math.log10(least), math.log10(most * 1.3)
    x_of = lambda value: LABEL + BAR * (math.log10(value) - low) / (high - low)  # noqa: E731
    height = MARGIN * 2 + ROW * (len(rows) + 3)
    width = LABEL + BAR + 60
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif"'
            f' font-size="12"><rect width="{width}" height="{height}" fill="white"/>'
            f'<text x="{MARGIN}" y="{MARGIN + 10}" font-weight="bold">{html.escape(title)}</text>']
    bottom = MARGIN + ROW * (len(rows) + 1)
    for tick in (0.5, 1, 2, 5, 10, 20, 50, 100, 200):
        if least <= tick <= most * 1.3:
            x = x_of(tick)
            text.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{MARGIN + ROW - 4}" y2="{bottom}" stroke="#dddddd"/>'
                        f'<text x="{x:.1f}" y="{bottom + 14}" text-anchor="middle">{tick}</text>')
    for i, (label, value, kind) in enumerate(rows):
        y = MARGIN + ROW * (i + 1)
        x = x_of(value)
        text.append(f'<text x="{LABEL - 6}" y="{y + 12}" text-anchor="end">{html.escape(label)}</text>'
                    f'<rect x="{LABEL}" y="{y}" width="{max(x - LABEL, 1):.1f}" height="{ROW - 6}"'
                    f' fill="{COLOURS[kind]}"/><text x="{x + 4:.1f}" y="{y + 12}">{value:.2f}</text>')
    text.append(f'<text x="{LABEL}" y="{bottom + 32}">{html.escape(axis)}</text>')
    x = LABEL + 230
    for kind in dict.fromkeys(kind for _, _, kind in rows):
        text.append(f'<rect x="{x}" y="{bottom + 22}" width="12" height="12" fill="{COLOURS[kind]}"/>'
                    f'<text x="{x + 16}" y="{bottom + 32}">{kind}</text>')
        x += 100
    return "\n".join(text) + "\n</svg>\n"
