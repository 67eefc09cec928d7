/**
 * Style of the report. Wide tables scroll in their own frame with the names in place, so that the page never does; a phone
 * gets plots of its own size instead of small print.
 */
export const STYLE = `
:root{--ink:#1b1e24;--soft:#5b6370;--line:#d9dde3;--ground:#fff;--raised:#f6f7f9;--paper:#f7f0df;--link:#0b5cad;--real:#0b6b4f;--simulated:#9a4a00}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7ec;--soft:#9aa3b0;--line:#333a45;--ground:#14171c;--raised:#1c2027;--paper:#2d2819;--link:#7ab7f5;--real:#5fcfa6;--simulated:#f0a45d}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;padding:0 clamp(1rem,4vw,3rem) 3rem;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
header,main,footer{max-width:76rem;margin-inline:auto}
header{padding-top:2rem}
h1{font-size:clamp(1.6rem,5vw,2.3rem);line-height:1.15;margin:.1rem 0 .4rem;overflow-wrap:anywhere}
h2{font-size:1.35rem;margin:2.8rem 0 .6rem;padding-bottom:.3rem;border-bottom:2px solid var(--line)}
h3{font-size:1.05rem;margin:1.8rem 0 .5rem}
p{max-width:46rem;margin:.6rem 0}
a{color:var(--link)}
.kind{margin:0;color:var(--soft);text-transform:uppercase;letter-spacing:.06em;font-size:.78rem}
.ref{color:var(--soft);font-weight:400;font-size:.85em;white-space:nowrap}
.tag{font-size:.72rem;font-weight:600;padding:.05rem .4rem;border:1px solid currentColor;border-radius:1rem;white-space:nowrap}
.tag.real{color:var(--real)}.tag.simulated{color:var(--simulated)}
nav>ul{columns:20rem;padding:1rem 1.2rem;margin:1.5rem 0 0;background:var(--raised);border-radius:.5rem;list-style:none}
nav li{break-inside:avoid;margin:.15rem 0}
nav>ul>li{font-weight:600;margin-bottom:.6rem}
nav ul ul{list-style:none;padding-left:.8rem;font-weight:400;font-size:.93rem}
.scroll{overflow-x:auto;max-width:100%;border:1px solid var(--line);border-radius:.4rem;width:fit-content}
.scroll:focus-visible{outline:2px solid var(--link);outline-offset:2px}
table{border-collapse:separate;border-spacing:0;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.38rem .7rem;text-align:left;vertical-align:top;border-bottom:1px solid var(--line)}
tbody tr:last-child>*{border-bottom:0}
thead th{background:var(--raised);font-weight:600;vertical-align:bottom;font-size:.84rem;min-width:3.2rem;white-space:normal!important;overflow-wrap:break-word}
tbody th[scope=row]{position:sticky;left:0;background:var(--ground);font-weight:500;z-index:1;min-width:6.5rem;max-width:min(22rem,44vw);overflow-wrap:break-word}
thead th:first-child{position:sticky;left:0;z-index:2}
.num{text-align:right;white-space:nowrap}
small{display:block;color:var(--soft);font-size:.78rem}
th[scope=row] small{font-weight:400}
.paper{background:var(--paper)}
thead th.paper{background:var(--paper);font-weight:400;font-style:italic}
.paper.inline{padding:0 .35rem;border-radius:.2rem;font-style:italic}
.long{min-width:12rem}
.quote{min-width:14rem;max-width:34rem;overflow-wrap:anywhere}
.group th{background:var(--raised);font-size:.82rem;color:var(--soft)}
.group span{position:sticky;left:.7rem}
.notes{color:var(--soft);font-size:.88rem;padding-left:1.1rem;margin:.6rem 0;max-width:52rem}
.notes li{margin:.15rem 0;overflow-wrap:anywhere}
.missing{padding:.7rem 1rem;border-left:3px solid var(--simulated);background:var(--raised);border-radius:0 .4rem .4rem 0;overflow-wrap:anywhere}
.missing span{display:block}
.notes ul{padding-left:1rem}
summary{cursor:pointer}
figure{margin:.4rem 0}
.plot svg{display:block;max-width:100%;height:auto}
.plot.narrow{display:none}
@media (min-width:1100px){article{display:grid;grid-template-columns:fit-content(52rem) minmax(16rem,1fr);column-gap:2.2rem;align-items:start}h3{grid-column:1/-1}article>.notes{margin-top:0}}
@media (max-width:620px){.plot.narrow{display:block}.plot.wide{display:none}th,td{padding:.34rem .45rem}}
pre{background:var(--raised);padding:.8rem 1rem;border-radius:.4rem;font-size:.82rem;white-space:pre-wrap;overflow-wrap:anywhere;max-width:100%}
.hash{font-family:ui-monospace,monospace;font-size:.75rem;overflow-wrap:anywhere;min-width:16rem}
footer{margin-top:3rem;color:var(--soft);font-size:.9rem}
@media print{
:root{--ink:#000;--soft:#444;--line:#bbb;--ground:#fff;--raised:#f3f3f3;--paper:#f4efe2;--link:#000;--real:#000;--simulated:#000}
body{padding:0;font-size:10pt}
nav{display:none}
.scroll{overflow:visible;border:0}
table{font-size:7.5pt}th,td{padding:.15rem .3rem}small{font-size:6.5pt}
tbody th[scope=row],thead th:first-child{position:static}
article{display:block}h2,h3{break-after:avoid}tr,figure,.missing{break-inside:avoid}
.plot.narrow{display:none}.plot.wide{display:block}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
`;
