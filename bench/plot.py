"""Charts as SVG, without a library: bars and lines over a logarithmic scale."""

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


def lines(title, series, kinds, x_axis, y_axis):
    """series: {name: [value of 1, 2, …]}, positive; kinds: {name: kind}, for the colours. → the SVG's text."""
    left, width, height, top = 60, 560, 260, 40
    count = max(len(values) for values in series.values())
    least = min(min(values) for values in series.values()) / 1.2
    most = max(max(values) for values in series.values()) * 1.2
    low, high = math.log10(least), math.log10(most)
    x_of = lambda i: left + width * i / max(count - 1, 1)  # noqa: E731
    y_of = lambda value: top + height * (1 - (math.log10(value) - low) / (high - low))  # noqa: E731
    bottom = top + height
    text = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 40}" height="{bottom + 60}" font-family="sans-serif"'
            f' font-size="12"><rect width="{left + width + 40}" height="{bottom + 60}" fill="white"/>'
            f'<text x="{MARGIN}" y="{MARGIN + 10}" font-weight="bold">{html.escape(title)}</text>']
    for exponent in range(math.floor(low), math.ceil(high) + 1):
        for tick in (1, 2, 5):
            value = tick * 10.0 ** exponent
            if least <= value <= most:
                y = y_of(value)
                text.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
                            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>')
    for i in range(0, count, max(count // 6, 1)):
        text.append(f'<text x="{x_of(i):.1f}" y="{bottom + 16}" text-anchor="middle">{i + 1}</text>')
    x = left
    for name, values in series.items():
        colour = COLOURS[kinds[name]]
        points = " ".join(f"{x_of(i):.1f},{y_of(value):.1f}" for i, value in enumerate(values))
        text.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                    f'<rect x="{x}" y="{bottom + 34}" width="12" height="12" fill="{colour}"/>'
                    f'<text x="{x + 16}" y="{bottom + 45}">{html.escape(name)}</text>')
        x += 90
    text.append(f'<text x="{left + width}" y="{bottom + 45}" text-anchor="end">{html.escape(x_axis)}; {html.escape(y_axis)}</text>')
    return "\n".join(text) + "\n</svg>\n"
