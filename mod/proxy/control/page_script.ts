/** The control page's script: polls every two seconds and updates what has changed. */
export const pageScript = `const keep = 60;
const previous = new Map();
const lines = new Map();
/** Time of the last look. */
let lookedAt = 0;

/** The element of a key below its parent, made once: what the reader points at stays where it is. */
function part(parent, key, make) {
  // A search through a thousand rows for each of them would take most of the time of a look.
  const parts = parent.parts ??= new Map();
  let found = parts.get(key);
  if (found === undefined) {
    parts.set(key, found = make());
    parent.append(found);
  }
  return found;
}

/** Removes what is no longer there. */
function keepOnly(parent, keys) {
  const kept = new Set(keys);
  for (const [key, child] of parent.parts ?? []) {
    if (kept.has(key)) continue;
    child.remove();
    parent.parts.delete(key);
  }
}

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** What a counter has grown by in a second; null at first, and when it restarted. */
function rate(key, total, now) {
  const last = previous.get(key);
  previous.set(key, { total, now });
  if (!last || now <= last.now || total < last.total) return null;
  return (total - last.total) * 1000 / (now - last.now);
}

function short(value) {
  if (value === null || value === undefined) return "–";
  if (value >= 1e6) return (value / 1e6).toFixed(1) + " M";
  if (value >= 1e4) return (value / 1e3).toFixed(1) + " k";
  return value >= 10 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}

function age(seconds) {
  if (seconds < 120) return Math.floor(seconds) + " s";
  if (seconds < 7200) return Math.floor(seconds / 60) + " min";
  if (seconds < 172800) return Math.floor(seconds / 3600) + " h";
  return Math.floor(seconds / 86400) + " days";
}

function until(time) {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  return seconds <= 0 ? "now" : "in " + age(seconds);
}

function limit(bound) {
  return bound === "+Inf" ? Infinity : Number(bound);
}

/** The time below which a share of the responses since the last look stayed, in milliseconds. */
function quantile(key, histogram, share) {
  const bounds = Object.keys(histogram.buckets).sort((a, b) => limit(a) - limit(b));
  const before = previous.get(key);
  previous.set(key, histogram);
  const grown = (bound) => histogram.buckets[bound] - (before ? before.buckets[bound] : 0);
  const count = before ? histogram.count - before.count : 0;
  if (count <= 0) return null;
  let low = 0, below = 0;
  for (const bound of bounds) {
    const upTo = grown(bound);
    if (upTo >= share * count) {
      if (bound === "+Inf") return low;
      return low + (Number(bound) - low) * (share * count - below) / Math.max(1, upTo - below);
    }
    low = Number(bound);
    below = upTo;
  }
  return null;
}

function latency(ms) {
  if (ms === null) return "–";
  return (ms < 10 ? ms.toFixed(1) : Math.round(ms)) + " ms";
}

function draw(svg, key, value) {
  const points = lines.get(key) || [];
  if (value !== null) points.push(value);
  if (points.length > keep) points.shift();
  lines.set(key, points);
  const top = Math.max(1, ...points);
  const at = points.map((one, i) =>
    ((i + keep - points.length) * 100 / (keep - 1)).toFixed(1) + "," + (30 - one * 28 / top).toFixed(1));
  svg.querySelector("polyline").setAttribute("points", at.join(" "));
  const first = at.length > 0 ? at[0].split(",")[0] : 100;
  svg.querySelector("polygon").setAttribute("points", [first + ",30", ...at, "100,30"].join(" "));
  svg.querySelector("title").textContent = "requests per second, at most " + short(top);
}

function sparkline() {
  const made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  made.setAttribute("viewBox", "0 0 100 30");
  made.setAttribute("preserveAspectRatio", "none");
  made.setAttribute("role", "img");
  for (const name of ["title", "polygon", "polyline"]) {
    made.append(document.createElementNS("http://www.w3.org/2000/svg", name));
  }
  return made;
}

/** A table whose rows are kept; columns are [heading, class of its cells]. */
function table(columns) {
  const made = element("table");
  const row = element("tr");
  for (const [name, className] of columns) {
    const th = element("th", className, name);
    th.scope = "col";
    row.append(th);
  }
  const head = element("thead");
  head.append(row);
  made.append(head, element("tbody"));
  return made;
}

function tableRow(body, key, columns, values) {
  const row = part(body, key, () => {
    const made = element("tr");
    for (const [name, className] of columns) {
      const td = element("td", className);
      td.dataset.name = name;
      made.append(td);
    }
    return made;
  });
  values.forEach((value, i) => {
    const td = row.children[i];
    const [text, className] = Array.isArray(value) ? value : [value, ""];
    const words = td.words ??= td.appendChild(document.createTextNode(""));
    if (words.data !== String(text)) words.data = text;
    const wanted = className ? columns[i][1] + " " + className : columns[i][1];
    if (td.className !== wanted) td.className = wanted;
  });
  return row;
}

async function ask(path, options) {
  // The page's own URL may hold the token (http://any:TOKEN@host/), which fetch refuses in a URL.
  const answer = await fetch(location.origin + path, options);
  if (!answer.ok) {
    const { error } = await answer.json().catch(() => ({}));
    throw new Error(error ? error.text : "status " + answer.status);
  }
  return answer.status === 204 ? null : await answer.json();
}

async function change(upstream, peer, body, button) {
  const { id, server } = peer, takesOut = body.drain || body.down;
  if (takesOut && isLast(upstream, id)) {
    const text = server + " is the last server of " + upstream + " that is up. Without it, requests to " + upstream + " fail.";
    if (!await question(text, body.drain ? "drain it" : "take it down")) return;
  }
  button.disabled = true;
  try {
    await ask("/api/9/http/upstreams/" + encodeURIComponent(upstream) + "/servers/" + id, { method: "PATCH", body: JSON.stringify(body) });
    await refresh();
  } catch (error) {
    say("not changed: " + error.message, true);
  }
  button.disabled = false;
}

function say(text, isBad) {
  const note = document.getElementById("note");
  note.textContent = text;
  note.className = isBad ? "bad" : "";
}

const peerColumns = [["server", ""], ["state", "text"], ["weight", ""], ["active", ""], ["req/s", ""], ["p50", ""], ["p99", ""],
  ["requests", ""], ["failed", ""], ["4xx", ""], ["5xx", ""], ["checks", ""]].concat(writable ? [["", "acts"]] : []);

/** A mark behind the server's name; "" hides it. */
function mark(row, key, className, text) {
  const made = part(row.firstChild, key, () => element("span", className));
  if (made.textContent !== text) made.textContent = text;
  made.hidden = text === "";
}

function whyOf({ reason, downstart }) {
  if (!reason) return "";
  if (!downstart) return reason;
  return reason + ", out for " + age((Date.now() - Date.parse(downstart)) / 1000).replace(" ", "\u00a0");
}

function showPeer(body, name, peer, now) {
  const key = name + " " + peer.id;
  const checks = peer.health_checks;
  const row = tableRow(body, String(peer.id), peerColumns, [
    peer.server,
    [peer.state, "state " + peer.state],
    peer.weight,
    peer.active,
    short(rate(key, peer.requests, now)),
    latency(quantile(key + " p50", peer.response_time_hist, .5)),
    latency(quantile(key + " p99", peer.response_time_hist, .99)),
    short(peer.requests),
    [short(peer.fails), peer.fails > 0 ? "some" : ""],
    short(peer.responses["4xx"]),
    [short(peer.responses["5xx"]), peer.responses["5xx"] > 0 ? "some" : ""],
    checks.checks === 0 ? "–" : short(checks.checks - checks.fails) + " of " + short(checks.checks),
  ]);
  if (peer.name !== peer.server) mark(row, "name", "tag", peer.name);
  if (peer.backup) mark(row, "backup", "tag", "backup");
  mark(row, "why", "why", whyOf(peer));
  row.lookedAt = now;
  if (writable) showActs(row, name, peer);
  return row;
}

function showActs(row, name, peer) {
  const acts = row.lastElementChild;
  const act = (kind) => part(acts, kind, () => {
    const made = element("button");
    made.type = "button";
    made.onclick = () => change(name, made.peer, { [kind]: made.dataset.wanted === "true" }, made);
    return made;
  });
  const isDraining = peer.state === "draining", isDown = peer.state === "down";
  for (const [kind, isOn, on, off] of [["drain", isDraining, "undrain", "drain"], ["down", isDown, "up", "down"]]) {
    const button = act(kind);
    button.peer = peer;
    button.textContent = isOn ? on : off;
    button.dataset.wanted = String(!isOn);
    button.title = (isOn ? on : off) + " " + peer.server;
  }
}

function troubleWords({ peers, retries, retries_denied: denied }) {
  const ejections = peers.reduce((sum, peer) => sum + peer.ejections, 0);
  return [[retries, " retry", " retries"], [denied, " retry refused by the budget", " retries refused by the budget"],
    [ejections, " ejection", " ejections"]]
    .map(([count, one, several]) => count === 0 ? "" : ", " + short(count) + (count === 1 ? one : several)).join("");
}

function http2Words({ connections, open, streams, goaways, resets_received: received, resets_sent: sent }) {
  if (connections === 0 && open === 0) return "";
  const sum = (counts) => Object.values(counts).reduce((all, count) => all + count, 0);
  return ", HTTP/2: " + open + " connections, " + streams + " streams, " + short(sum(received) + sum(sent)) + " resets, " +
    short(goaways) + " GOAWAYs";
}

function showUpstream(name, upstream, now) {
  const section = part(document.getElementById("upstreams"), name, () => {
    const made = element("section");
    const head = element("div", "head");
    head.append(element("h2", "", name), element("span", "soft"), sparkline());
    made.append(head, table(peerColumns));
    return made;
  });
  const { peers } = upstream;
  const requests = peers.reduce((sum, peer) => sum + peer.requests, 0);
  const perSecond = rate("all " + name, requests, now);
  const up = peers.filter((peer) => peer.state === "up").length;
  section.querySelector(".soft").textContent = up + " of " + peers.length + " up, " + short(perSecond) + " req/s, " +
    upstream.keepalive + (upstream.keepalive === 1 ? " idle connection" : " idle connections") + troubleWords(upstream) + http2Words(upstream.http2);
  draw(section.querySelector("svg"), name, perSecond);
  const body = section.querySelector("tbody");
  keepOnly(body, peers.map((peer) => String(peer.id)));
  return peers;
}

/** Shows the servers that the filter lets through, and their upstreams. */
function showUpstreams() {
  let shown = 0, wantedCount = 0, all = 0;
  for (const [name, { peers }] of Object.entries(upstreamsNow)) {
    const section = document.getElementById("upstreams").parts.get(name);
    const body = section.querySelector("tbody");
    const wanted = peers.filter((peer) => isWanted(name, peer)), visible = chosen(wanted);
    for (const peer of peers) {
      const known = body.parts?.get(String(peer.id));
      // All rows are made at first, to be in order. A second time within one look there would be nothing to make rates of.
      const isDue = known === undefined || (visible.has(peer) && known.lookedAt !== lookedAt);
      const row = isDue ? showPeer(body, name, peer, lookedAt) : known;
      row.hidden = !visible.has(peer);
    }
    section.hidden = wanted.length === 0 && peers.length > 0;
    shown += visible.size;
    wantedCount += wanted.length;
    all += peers.length;
  }
  showFilter(shown, wantedCount, all);
}

function showTiles(values) {
  for (const [name, value] of values) {
    const tile = part(document.getElementById("tiles"), name, () => {
      const made = element("div");
      made.append(element("b"), element("span", "", name));
      return made;
    });
    tile.firstChild.textContent = value;
  }
}

const listenerColumns = [["address", ""], ["open", ""], ["accepted", ""], ["requests", ""], ["req/s", ""], ["HTTP/2 open", ""],
  ["HTTP/2 requests", ""], ["TLS failures", ""]];

const generationColumns = [["generation", ""], ["state", "text"], ["since", ""], ["connections", ""]];

const certificateColumns = [["names", ""], ["issuer", "text"], ["days left", ""], ["next order", ""], ["last error", "text long"]];

/** Days that are enough to act before a certificate ends. */
const fewDays = 7;

function showCertificates(certificates) {
  document.getElementById("certificates").hidden = certificates.length === 0;
  showTable("certificates", certificateColumns, certificates.map((one, i) => [String(i), [
    one.names.join(", "),
    one.issuer === null ? ["unreadable", "some"] : one.selfSigned ? "self-signed" : one.issuer,
    [one.daysLeft === null ? "–" : one.daysLeft, one.daysLeft === null || one.daysLeft < fewDays ? "some" : ""],
    one.nextOrder === null ? "–" : until(one.nextOrder),
    [one.lastError === "" ? "–" : one.lastError, one.lastError === "" ? "" : "some"]]]));
}

const changeColumns = [["when", ""], ["who", "text long"], ["upstream", "text long"], ["server", "text long"], ["what", "text long"]];

/** So many are shown; all are in status.json. */
const changesShown = 20;

function showChanges(changes) {
  document.getElementById("changes").hidden = changes.length === 0;
  showTable("changes", changeColumns, changes.slice(0, changesShown).map((one, i) => [String(i), [
    new Date(one.at).toLocaleString(), one.who, one.upstream || "all", one.server || "–", [one.what, one.refused ? "some" : ""]]]));
}

/** A table of its own section; each of the rows is [key, values of its cells]. */
function showTable(id, columns, rows) {
  const section = document.getElementById(id);
  if (section.querySelector("table") === null) section.append(table(columns));
  const body = section.querySelector("tbody");
  for (const [key, values] of rows) tableRow(body, key, columns, values);
  keepOnly(body, rows.map(([key]) => key));
}

function showProcess({ listeners, generations }, now) {
  showTable("listeners", listenerColumns, listeners.map((one) => [one.name, [one.name, one.open, short(one.accepted), short(one.requests),
    short(rate("listener " + one.name, one.requests, now)), one.http2.open, short(one.http2.requests), [one.tlsFailures, one.tlsFailures > 0 ? "some" : ""]]]));
  showTable("generations", generationColumns, generations.map((one) => [one.number + one.state, [one.number,
    [one.state, "state " + (one.state === "serving" ? "up" : "draining")], age(one.ageSeconds), one.connections]]));
}

async function refresh() {
  try {
    const [status, upstreams] = await Promise.all([ask("/hayate/status.json"), ask("/api/9/http/upstreams/")]);
    const now = performance.now();
    document.getElementById("about").textContent = status.version + ", generation " + status.generation + ", pid " + status.pid +
      (status.workers > 1 ? ", " + status.workers + " workers" : "") + ", up " + age(status.uptimeSeconds);
    upstreamsNow = upstreams;
    lookedAt = now;
    const names = Object.keys(upstreams);
    const peers = names.flatMap((name) => showUpstream(name, upstreams[name], now));
    keepOnly(document.getElementById("upstreams"), names);
    showUpstreams();
    const errors = rate("5xx", status.responses["5xx"], now);
    showTiles([
      ["requests per second", short(rate("requests", status.requests, now))],
      ["connections", short(status.connections)],
      ["in flight to servers", short(peers.reduce((sum, peer) => sum + peer.active, 0))],
      ["5xx per second", short(errors)],
      ["servers up", peers.filter((peer) => peer.state === "up").length + " of " + peers.length],
      ["refused requests", short(status.protocolErrors)],
    ]);
    showProcess(status, now);
    showStarts(status.supervisor);
    showCertificates(status.certificates);
    showChanges(status.changes);
    document.body.dataset.looks = String(Number(document.body.dataset.looks || 0) + 1);
    say("as of " + new Date().toLocaleTimeString(), false);
  } catch (error) {
    say("no answer: " + error.message, true);
  }
}
refresh();
setInterval(refresh, 2000);
`;
