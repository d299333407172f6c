"""How a report looks, on a screen and on paper."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

STYLE: Final = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #59636e; --rule: #d1d9e0; --tint: #f6f8fa; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1120px; padding: 0 24px 72px; color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; }
h1 { font-size: 28px; margin: 28px 0 4px; }
h2 { font-size: 21px; margin: 40px 0 12px; padding-top: 12px; border-top: 2px solid var(--ink); }
h3 { font-size: 16px; margin: 24px 0 8px; }
p { margin: 8px 0; max-width: 80ch; }
.research { display: inline-block; margin: 8px 0; padding: 4px 12px; border: 1px solid #9a6700;
  border-radius: 6px; background: #fff8c5; color: #4d2d00; font-weight: 600; }
.soft, figcaption, caption { color: var(--soft); font-size: 13px; }
.bad { color: #a40e26; font-weight: 600; }
.good { color: #116329; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 8px 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 8px 0 16px; font-size: 14px; }
caption { text-align: left; padding-bottom: 4px; }
th, td { padding: 4px 12px 4px 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
thead th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--ink);
  vertical-align: bottom; }
tbody th { font-weight: 600; white-space: nowrap; }
.number { text-align: right !important; font-variant-numeric: tabular-nums; }
.typed { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
.hash { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: 12px;
  overflow-wrap: anywhere; }
.pictures { display: flex; flex-wrap: wrap; gap: 16px; margin: 12px 0; }
figure { margin: 0; width: 340px; }
figure img { display: block; width: auto; height: auto; max-width: 340px; max-height: 340px;
  background: #000; }
.legend span { display: inline-block; margin-right: 18px; }
.legend b { display: inline-block; width: 18px; height: 0; margin-right: 6px;
  border-top: 3px solid; vertical-align: middle; }
.wt { border-color: #00a08a !important; } .tc { border-color: #d62728 !important; }
.et { border-color: #ffd400 !important; } .cal { border-color: #40e0ff !important; }
summary { cursor: pointer; color: var(--soft); margin: 8px 0; }
.plots { display: flex; flex-wrap: wrap; gap: 16px; }
svg text { font-size: 11px; fill: #1b1f24; }
footer { margin-top: 48px; }
.stamp { display: none; }
@media print {
  body { max-width: none; padding: 0; font-size: 11pt; }
  section.case { break-before: page; }
  figure, table, svg { break-inside: avoid; }
  nav { display: none; }
  .stamp { display: block; position: fixed; bottom: 0; left: 0; font-size: 9pt; }
}
"""

POLICY: Final = (
    "default-src 'none'; img-src data:; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy: pictures that the file holds, this style, and nothing else."""
