"""A bar chart on a logarithmic axis, as SVG."""

import html
import math


def write(path, title, rows, unit):
    """rows: [(label, value > 0)]"""
    low = math.floor(math.log10(min(value for _, value in rows)))
    high = math.ceil(math.log10(max(value for _, value in rows)))
    left, width, step = 330, 520, 24
    height = 60 + step * len(rows) + 30
    x = lambda value: left + width * (math.log10(value) - low) / (high - low)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 90}" height="{height}"'
             ' font-family="sans-serif" font-size="12">',
             f'<rect width="100%" height="100%" fill="white"/><text x="12" y="22" font-size="15">{html.escape(title)}</text>']
    for power in range(low, high + 1):
        at = x(10.0 ** power)
        parts.append(f'<line x1="{at:.1f}" y1="40" x2="{at:.1f}" y2="{height - 25}" stroke="#ddd"/>'
                     f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle" fill="#555">{10.0 ** power:g} {unit}</text>')
    for i, (label, value) in enumerate(rows):
        y = 48 + i * step
        color = "#2a6fdb" if "Brink" in label else "#999"
        end = max(x(value), left + 1)
        parts.append(f'<text x="{left - 8}" y="{y + 12}" text-anchor="end">{html.escape(label)}</text>'
                     f'<rect x="{left}" y="{y}" width="{end - left:.1f}" height="16" fill="{color}"/>'
                     f'<text x="{end + 5:.1f}" y="{y + 12}">{value:.3g} {unit}</text>')
    path.write_text("\n".join(parts) + "\n</svg>\n")
