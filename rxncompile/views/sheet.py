"""The style sheet of the pages: dark and light, on a phone, on a desk and on paper."""

STYLE = """
:root{--ink:#1f2430;--muted:#5b6472;--faint:#d9dde3;--paper:#fff;--page:#fff;--raised:#f5f6f8;--link:#0b5cad;
--series-0:#0072b2;--series-1:#d55e00;--series-2:#009e73;--series-3:#c2639a;--series-4:#d18f00;--series-5:#3a9fdd;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media (prefers-color-scheme:dark){:root{--ink:#e6e8ec;--muted:#9aa4b2;--faint:#343b46;--paper:#171a20;--page:#14171c;
--raised:#1d2129;--link:#7db7f0;--series-0:#56a9e0;--series-1:#f0884a;--series-2:#35c79a;--series-3:#e29ac4;
--series-4:#e9b44c;--series-5:#8fd0f7}}
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0 auto;padding:1.5rem clamp(1rem,4vw,2.5rem) 3rem;max-width:68rem;background:var(--page);color:var(--ink);
font:1rem/1.55 var(--sans);overflow-wrap:break-word}
h1{margin:.2rem 0;font-size:clamp(1.5rem,5vw,2.1rem);line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.6rem 0 .8rem;padding-top:.9rem;border-top:1px solid var(--faint);font-size:1.3rem;line-height:1.3}
h3{margin:1.8rem 0 .5rem;font-size:1.05rem}
p{margin:.6rem 0;max-width:46rem}
a{color:var(--link)}
.summary,figcaption,.quiet,footer{color:var(--muted)}
.lead{font-size:1.12rem;line-height:1.5;color:var(--ink);margin:.5rem 0}
nav ol{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;margin:.8rem 0 0;padding:0;list-style:none;font-size:.95rem}
nav a{display:inline-block;padding:.25rem 0}
table{border-collapse:collapse;margin:.8rem 0;font-size:.95rem}
th,td{padding:.4rem 1.4rem .4rem 0;text-align:left;vertical-align:baseline;border-bottom:1px solid var(--faint)}
th:last-child,td:last-child{padding-right:0}
thead th{color:var(--muted);font-weight:500;font-size:.88rem}
tbody th{font-weight:500;overflow-wrap:anywhere}
.stacked th,.stacked td{padding-right:1rem}.stacked tbody th{min-width:7em}
math{font-family:math,"STIX Two Math","Latin Modern Math","Cambria Math","XITS Math","STIX Math","DejaVu Math TeX Gyre",
"Noto Sans Math",serif;font-size:1.06em;overflow-wrap:normal}
mi.word{font-style:italic}
mtext.verbatim{font-family:var(--mono);font-size:.9em}
.equations{display:grid;grid-template-columns:minmax(2rem,max-content) 1.4rem minmax(0,1fr);margin:.8rem 0;
row-gap:.3rem;align-items:baseline}
.equations>*{min-width:0;padding:.25rem 0}
.equations .left{overflow-x:auto;overflow-y:hidden;max-width:40vw}
.equations .right{overflow-x:auto;overflow-y:hidden;line-height:1.9}
.equations math,.stacked math{math-style:normal}
.equations .right math{margin-block:.22em}
.equations .wide{grid-column:1/-1;color:var(--muted)}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.55rem 1.4rem;margin:.8rem 0;max-width:54rem}
dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}
.both{display:grid;gap:.45rem}
.worth{white-space:nowrap}
.way{display:flex;gap:.4em;align-items:baseline}.way>:first-child{color:var(--muted)}
figure{margin:1rem 0;min-width:0}
figure svg{display:block;width:100%;height:auto}
figcaption{font-size:.9rem;margin-top:.4rem;max-width:46rem}
.scroll{overflow-x:auto;overflow-y:hidden;padding-bottom:2px}
.figures{display:grid;gap:.5rem 2.5rem;align-items:start;
grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr))}
pre{overflow-x:auto;padding:.8rem 1rem;background:var(--raised);border-radius:.4rem;font:.85rem/1.5 var(--mono);
tab-size:4;max-width:100%}
pre.wrap{white-space:pre-wrap;overflow-wrap:anywhere}
code{font-family:var(--mono);font-size:.92em}
footer{margin-top:3rem;font-size:.9rem}
.pair{display:grid;gap:0 3rem;align-items:start;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr))}
.pair>*{min-width:0}
.cards{display:grid;gap:1.2rem;padding:0;margin:1.6rem 0;list-style:none;
grid-template-columns:repeat(auto-fill,minmax(min(100%,18rem),1fr))}
.card{display:flex;flex-direction:column;border:1px solid var(--faint);border-radius:.5rem;padding:.9rem 1rem;
min-width:0}
.card h2{margin:0 0 .3rem;padding:0;border:0;font-size:1.1rem;overflow-wrap:anywhere}
.card figure{margin:.2rem 0 .4rem}.card p{margin:.2rem 0;font-size:.95rem}
.card .quiet{margin-top:auto;font-size:.88rem}
@media (max-width:40rem){
dl{grid-template-columns:minmax(0,1fr);gap:.1rem}dd{margin-bottom:.7rem}
th,td{padding-right:1rem}
.stacked,.stacked tbody,.stacked tr,.stacked th,.stacked td{display:block}
.stacked thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stacked tr{padding:.55rem 0;border-bottom:1px solid var(--faint)}
.stacked th,.stacked td{border:0;padding:.1rem 0;min-width:0}
.stacked td{display:grid;grid-template-columns:6.2rem minmax(0,1fr);gap:.6rem;align-items:baseline}
.stacked td::before{content:attr(data-column);color:var(--muted);font-size:.85rem}
.stacked td>div{overflow-x:auto;overflow-y:hidden;padding:.25rem 0}
.stacked td.empty{display:none}
}
@media print{
:root{--ink:#000;--muted:#444;--faint:#ccc;--paper:#fff;--page:#fff;--raised:#f6f6f6;--link:#000;--series-0:#0072b2;
--series-1:#d55e00;--series-2:#009e73;--series-3:#c2639a;--series-4:#d18f00;--series-5:#3a9fdd}
html{font-size:9.5pt}body{max-width:none;padding:0}nav{display:none}
figure,tr,.equations>*{break-inside:avoid}h2,h3,h2+p,thead{break-after:avoid}h2{margin-top:1.4rem}p,li,dd{orphans:3;widows:3}
.card{break-inside:avoid}th,td{padding:.25rem .6rem .25rem 0}.stacked{font-size:7.6pt}
pre{white-space:pre-wrap;overflow-wrap:anywhere}.scroll,.equations .right,.equations .left{overflow:visible}
figure svg{min-width:0!important}
a{text-decoration:none}}
"""
