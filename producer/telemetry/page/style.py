"""How the page looks, in light and dark, on a wide screen and on a phone; and what a browser may do with it.

A row of a table is a card on a narrow screen, so that nobody has to move the page sideways.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "ink": "#1b2330", "soft": "#566174", "line": "#dde2ea", "paper": "#f3f5f8", "card": "#ffffff", "link": "#1f5fbf",
    "good": "#0f7a45", "warn": "#8f5200", "bad": "#b81f2b", "info": "#1f5fbf", "wait": "#566174",
    "covered": "#2f9e68", "due": "#d98a1f", "hole": "#d2232f", "track": "#e3e7ee", "used": "#3b78d8",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "ink": "#e7ebf2", "soft": "#a3aebf", "line": "#303a49", "paper": "#10151c", "card": "#191f29", "link": "#8ab4ff",
    "good": "#5bd09a", "warn": "#f2b35c", "bad": "#ff8a8a", "info": "#8ab4ff", "wait": "#a3aebf",
    "covered": "#2f9e68", "due": "#d98a1f", "hole": "#ff5a5f", "track": "#2a3341", "used": "#5b93ee",
}  # fmt: skip
"""The same names in both: text colours are readable on paper and card."""


def _colours(palette: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in palette.items())


_RULES = """
*{box-sizing:border-box}
body{margin:0 auto;max-width:80rem;padding:1rem 1.25rem 2rem;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums;
overflow-wrap:anywhere;-webkit-text-size-adjust:100%}
a{color:var(--link)}
p{margin:.25rem 0}p+dl,table+dl,table+p{margin-top:.75rem}
code{font:.82rem/1.4 ui-monospace,"DejaVu Sans Mono",monospace}
.soft{color:var(--soft)}.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
time,.ago{white-space:nowrap}
header{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.85rem;color:var(--soft);margin-bottom:.75rem}
header b{color:var(--ink)}
footer{font-size:.85rem;color:var(--soft)}
h1{font-size:1.3rem;line-height:1.35;margin:0;display:flex;gap:.6rem}
h2{font-size:1.05rem;margin:0 0 .75rem}
h3{font-size:.92rem;margin:1.5rem 0 .5rem}
.headline,section{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem 1.25rem;
margin:0 0 1rem}
.headline{border-left:.4rem solid;color:var(--wait)}
.headline.good{color:var(--good)}.headline.warn{color:var(--warn)}.headline.bad{color:var(--bad)}
.headline p{color:var(--ink);margin:.4rem 0 0}
.sign{flex:none}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.75rem 1.25rem;margin:0}
dt{color:var(--soft);font-size:.82rem}
dd{margin:0;font-weight:600}dd .soft{font-weight:400}
.ids{grid-template-columns:1fr;gap:.1rem}.ids div{display:grid;grid-template-columns:6.5rem minmax(0,1fr);gap:.5rem}
.ids dd{font-weight:400}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th{text-align:left;color:var(--soft);font-weight:500;white-space:nowrap}
th,td{padding:.45rem 1rem .45rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th:last-child,td:last-child{padding-right:0}
tbody tr:last-child td{border-bottom:0;padding-bottom:0}
td p{margin:.2rem 0}td p:first-child{margin-top:0}
td ul{margin:.2rem 0;padding-left:1.1rem}
.badge{display:inline-block;padding:0 .5rem;border:1px solid;border-radius:1rem;font-size:.8rem;font-weight:600;
white-space:nowrap;color:var(--wait)}
.badge.good{color:var(--good)}.badge.warn{color:var(--warn)}.badge.bad{color:var(--bad)}.badge.info{color:var(--info)}
svg{display:block;width:100%;height:3.6rem;overflow:visible}
svg.budget{height:.8rem;border-radius:.4rem;overflow:hidden}
svg.bar{height:.9rem;min-width:6rem;border-radius:.2rem;overflow:hidden}
.track{fill:var(--track);background:var(--track)}.covered{fill:var(--covered);background:var(--covered)}
.due{fill:var(--due);background:var(--due)}.hole{fill:var(--hole);background:var(--hole)}
.loss{fill:var(--soft);background:var(--soft)}.used{fill:var(--used)}
.edge,.mark{fill:var(--hole)}
.tick{stroke:var(--soft)}
text{fill:var(--soft);font-size:11px;text-anchor:middle}
.ends{display:flex;flex-wrap:wrap;justify-content:space-between;gap:0 1rem;font-size:.8rem;color:var(--soft)}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.25rem;list-style:none;margin:.5rem 0;padding:0;font-size:.85rem}
.legend li{display:flex;align-items:center;gap:.4rem}
.key{width:1rem;height:.9rem;border-radius:.15rem}.key.due{height:.45rem;align-self:flex-end;margin-bottom:.3rem}
@media(min-width:60rem){
td .ago{display:block}
.errors td:nth-child(1){width:12rem}.errors td:nth-child(3){width:26rem}
.reads td:nth-child(1),.reads td:nth-child(n+4){white-space:nowrap}.reads td:nth-child(2){min-width:20rem}
.reads td:nth-child(3),.wrong td:nth-child(4){min-width:11rem}.wrong td:nth-child(1){white-space:nowrap}
}
@media(max-width:59.99rem){
body{padding:.75rem .75rem 1.5rem}
.headline,section{padding:.85rem .9rem}
h1{font-size:1.15rem}
dl{grid-template-columns:1fr;gap:.35rem}
dl div,.ids div{display:grid;grid-template-columns:7.5rem minmax(0,1fr);gap:.5rem}
table,tbody,tr,td{display:block;width:100%}
thead{display:none}
tr{border:1px solid var(--line);border-radius:.5rem;padding:.5rem .75rem;margin:0 0 .6rem}
td,tbody tr:last-child td{border:0;padding:.12rem 0}
td{display:grid;grid-template-columns:7.5rem minmax(0,1fr);gap:.5rem}
td::before{content:attr(data-label);color:var(--soft)}
.errors td,.reads td{display:block}
.errors td::before,.reads td:nth-child(-n+2)::before{content:none}
.reads td:nth-child(n+3){display:inline-block;width:auto;margin-right:1rem}
.reads td:nth-child(n+3)::before{content:attr(data-label)" "}
.reads td:nth-child(n+3)>div{display:inline}
}
"""

STYLE = (
    f":root{{color-scheme:light dark;{_colours(LIGHT)}}}\n"
    f"@media(prefers-color-scheme:dark){{:root{{{_colours(DARK)}}}}}"
    f"{_RULES}"
)

_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The browser is to load and run nothing but the style above."""
