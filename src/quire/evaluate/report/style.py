"""The style of an HTML report: light and dark, from a phone to a wide screen."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #596068; --line: #d5dadf; --paper: #ffffff; --card: #f6f7f9;
  --better: #14733b; --worse: #b3261e; --unclear: #5b6570; --mixed: #8a5a00; --a: #7a5cc4; --b: #0a7d8c;
  --del: #ffe0dd; --ins: #d6f3de; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaed; --soft: #a2abb4; --line: #39414a;
  --paper: #14181c; --card: #1c2227; --better: #6fd795; --worse: #ff9a92; --unclear: #aab3bc; --mixed: #f0c261;
  --a: #b8a2f2; --b: #5cc9d8; --del: #5a2320; --ins: #1c4a2c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0.5rem 0; } h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0.75rem 0 0.25rem; }
p { margin: 0.4rem 0; } .soft, figcaption, caption { color: var(--soft); font-size: 0.875rem; }
.verdict { border-left: 6px solid var(--unclear); background: var(--card); padding: 0.75rem 1rem; border-radius: 4px; }
.verdict.better { border-color: var(--better); } .verdict.worse { border-color: var(--worse); }
.verdict.mixed { border-color: var(--mixed); }
.verdict p:first-child { font-size: 1.15rem; font-weight: 600; margin: 0; }
.better { color: var(--better); } .worse { color: var(--worse); } .mixed { color: var(--mixed); }
.unclear { color: var(--unclear); }
.verdict.better, .verdict.worse, .verdict.mixed, .verdict.unclear { color: var(--ink); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0.25rem 0; }
th, td { text-align: right; padding: 0.35rem 0.6rem; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: normal; white-space: nowrap; }
th:first-child, td:last-child, td.words, thead th { white-space: normal; }
th:first-child, td:first-child, td.words { text-align: left; } thead th { color: var(--soft); font-weight: 600; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 0.75rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem; margin: 0; }
svg { max-width: 100%; height: auto; display: block; } svg text { fill: var(--soft); font-size: 11px; }
svg .axis { stroke: var(--line); stroke-width: 1; } svg .zero { stroke: var(--soft); stroke-dasharray: 3 3; }
svg .interval { stroke: currentColor; stroke-width: 2.5; } svg .dot { fill: currentColor; }
svg .a, svg .onlya { fill: var(--a); } svg .b, svg .onlyb { fill: var(--b); }
svg .both { fill: var(--better); opacity: 0.55; } svg .neither { fill: var(--soft); opacity: 0.35; }
.key { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin-right: 0.3em; }
.key.a { background: var(--a); } .key.b { background: var(--b); }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.5rem 0; background: var(--card); }
summary { cursor: pointer; padding: 0.6rem 0.75rem; } details > div { padding: 0 0.75rem 0.75rem; }
summary:focus-visible, a:focus-visible { outline: 3px solid var(--b); outline-offset: 2px; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 0.75rem; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--paper); border: 1px solid var(--line);
  border-radius: 4px; padding: 0.5rem; margin: 0.25rem 0; font: 0.875rem/1.45 ui-monospace, Consolas, monospace;
  unicode-bidi: plaintext; max-height: 24rem; overflow-y: auto; }
del { background: var(--del); } ins { background: var(--ins); text-decoration: underline; }
.error { color: var(--worse); }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 0.5rem; }
@media print { details { break-inside: avoid; } .text { max-height: none; } }
"""
