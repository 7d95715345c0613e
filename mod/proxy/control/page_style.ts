/** The control page's style sheet: light and dark, from phones to wall displays. */
export const pageStyle = `:root {
  color-scheme: light dark;
  --ink: #17212b; --soft: #56657a; --paper: #f4f5f3; --card: #ffffff; --line: #dde2e7; --press: #eef1f4;
  --good: #18773a; --bad: #b3261e; --warn: #8a5a00; --idle: #56657a; --accent: #1f5fa8; --fill: #1f5fa81f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e7ecf1; --soft: #9fadbc; --paper: #11161c; --card: #1a2129; --line: #2c3640; --press: #242d37;
    --good: #5ecf87; --bad: #ff8a80; --warn: #e6b84a; --idle: #9fadbc; --accent: #7fb4f5; --fill: #7fb4f526;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1rem 3rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 1rem; }
h1 { font-size: 1.35rem; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
#about, #note, .soft { color: var(--soft); }
#about { overflow-wrap: anywhere; }
#note { margin-left: auto; font-size: .9rem; }
#note.bad { color: var(--bad); font-weight: 600; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; margin-top: 1rem; padding: .9rem 1rem; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .9rem; }
.head svg { margin-left: auto; flex: 0 1 11rem; height: 2rem; min-width: 6rem; border-bottom: 1px solid var(--line); }
#tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; }
#tiles div { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .6rem .9rem; }
#tiles b { display: block; font-size: 1.5rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
#tiles span { color: var(--soft); font-size: .85rem; }
table { border-collapse: collapse; width: 100%; margin-top: .6rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem .5rem; border-top: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; font-size: .85rem; border-top: 0; white-space: nowrap; }
th:first-child, td:first-child, th.text, td.text { text-align: left; }
td:first-child { overflow-wrap: anywhere; }
.state { white-space: nowrap; font-weight: 600; }
.state::before { content: ""; display: inline-block; width: .6em; height: .6em; border-radius: 50%; background: currentColor; margin-right: .45em; }
.up { color: var(--good); } .down { color: var(--idle); } .unhealthy, .unavail { color: var(--bad); } .draining, .checking { color: var(--warn); }
.some { color: var(--bad); }
.why { display: block; color: var(--soft); font-weight: 400; font-size: .85rem; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
#filter { display: flex; flex-wrap: wrap; align-items: center; gap: .35rem .75rem; margin-top: 1rem; }
#words { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .25rem .6rem; flex: 0 1 22rem; min-width: 8rem; }
#words:focus-visible, #only-out:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
dialog { background: var(--card); color: var(--ink); border: 1px solid var(--line); border-radius: 12px; max-width: min(30rem, calc(100vw - 2rem)); overflow-wrap: anywhere; }
dialog::backdrop { background: #0008; }
dialog p { margin: 0 0 1rem; }
.long { overflow-wrap: anywhere; }
.acts { white-space: nowrap; }
button { font: inherit; font-size: .9rem; color: inherit; background: none; border: 1px solid var(--line); border-radius: 8px; padding: .15rem .7rem; margin-left: .35rem; cursor: pointer; }
button:hover { background: var(--press); }
button:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
button:disabled { opacity: .5; cursor: default; }
polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke; }
polygon { fill: var(--fill); }
.tag { border: 1px solid var(--line); border-radius: 6px; padding: 0 .4em; margin-left: .5em; font-size: .8rem; color: var(--soft); }
@media (max-width: 61rem) {
  table, tbody, tr, td { display: block; }
  thead { display: none; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; display: grid; grid-template-columns: 1fr 1fr; column-gap: 1rem; }
  td, td.text { border: 0; padding: .1rem 0; text-align: right; display: flex; justify-content: space-between; gap: .5rem; }
  td:not(:first-child):not(.long) { white-space: nowrap; }
  td::before { content: attr(data-name); color: var(--soft); flex: none; }
  td.state::before { width: auto; height: auto; border-radius: 0; background: none; margin: 0 auto 0 0; font-weight: 400; }
  td:first-child { font-weight: 600; display: block; text-align: left; }
  td:first-child, td.acts, td.long { grid-column: 1 / -1; }
  td:first-child::before, td.acts::before { content: none; }
  td.acts { justify-content: flex-start; padding-top: .35rem; }
  td.acts button { margin: 0 .35rem 0 0; padding: .35rem 1rem; }
  #note { margin-left: 0; flex-basis: 100%; }
}
`;
