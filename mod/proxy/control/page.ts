/** `/hayate/`: a live picture of upstreams and peers. One file, nothing loaded from elsewhere. */
const style =
  `:root { --ink: #1d2733; --soft: #5a6a7c; --paper: #fbfaf7; --card: #fff; --line: #dfe3e8; --good: #1c7c3c; --bad: #b3261e; --warn: #9a6700; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6ebf0; --soft: #9aa9b8; --paper: #14191f; --card: #1c232b; --line: #2e3843; --good: #5ccf85; --bad: #ff8a80; --warn: #e3b341; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .5rem; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .45rem .75rem; border-top: 1px solid var(--line); white-space: nowrap; }
th { color: var(--soft); font-weight: 500; border-top: 0; }
th:first-child, td:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
.up { color: var(--good); } .down, .unhealthy, .unavail { color: var(--bad); } .draining, .checking { color: var(--warn); }
button { font: inherit; border: 1px solid var(--line); border-radius: 6px; background: none; color: inherit; padding: .1rem .6rem; }
#note { color: var(--soft); }
`;

const script = `const before = new Map();
function cell(row, text, name) {
  const td = row.insertCell();
  td.textContent = text;
  if (name) td.className = name;
  return td;
}
function rate(key, total, now) {
  const last = before.get(key);
  before.set(key, [total, now]);
  return last && now > last[1] ? ((total - last[0]) * 1000 / (now - last[1])).toFixed(0) : "";
}
async function change(upstream, id, body) {
  await fetch("/api/9/http/upstreams/" + encodeURIComponent(upstream) + "/servers/" + id, { method: "PATCH", body: JSON.stringify(body) });
  refresh();
}
function button(row, label, act) {
  const b = document.createElement("button");
  b.textContent = label;
  b.onclick = act;
  row.insertCell().append(b);
}
function draw(name, upstream, now) {
  const section = document.createElement("section");
  const title = document.createElement("h2");
  title.textContent = name;
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  const names = ["server", "state", "weight", "active", "requests", "req/s", "failed", "4xx", "5xx", "head ms"];
  for (const text of writable ? names.concat("", "") : names) {
    const th = document.createElement("th");
    th.textContent = text;
    head.append(th);
  }
  const body = table.createTBody();
  for (const peer of upstream.peers) {
    const row = body.insertRow();
    cell(row, peer.name + (peer.backup ? " (backup)" : ""));
    cell(row, peer.state, peer.state);
    for (const value of [peer.weight, peer.active, peer.requests, rate(name + peer.id, peer.requests, now), peer.fails,
      peer.responses["4xx"], peer.responses["5xx"], peer.header_time]) cell(row, value);
    if (!writable) continue;
    button(row, peer.state === "draining" ? "undrain" : "drain", () => change(name, peer.id, { drain: peer.state !== "draining" }));
    button(row, peer.state === "down" ? "up" : "down", () => change(name, peer.id, { down: peer.state !== "down" }));
  }
  const scroll = document.createElement("div");
  scroll.className = "scroll";
  scroll.append(table);
  section.append(title, scroll);
  return section;
}
async function refresh() {
  const note = document.getElementById("note");
  try {
    const answer = await fetch("/api/9/http/upstreams/");
    const now = performance.now();
    const all = Object.entries(await answer.json());
    document.getElementById("upstreams").replaceChildren(...all.map(([name, upstream]) => draw(name, upstream, now)));
    note.textContent = all.length + " upstream" + (all.length === 1 ? "" : "s") + ", " + new Date().toLocaleTimeString();
  } catch (error) {
    note.textContent = "no answer: " + error.message;
  }
}
refresh();
setInterval(refresh, 2000);
`;

/** `isWritable`: with buttons that drain and take down. */
export function controlPage(isWritable: boolean): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>hayate: upstreams</title>
<style>
${style}</style>
</head>
<body>
<main>
<h1>Upstreams</h1>
<p id="note">loading</p>
<div id="upstreams"></div>
</main>
<script>
const writable = ${isWritable};
${script}</script>
</body>
</html>
`;
}
