/** What a person does on the control page: filters the servers, and answers a question. */
export const pageControls =
  `const filterWords = document.getElementById("words"), onlyOut = document.getElementById("only-out");

/** So many servers fit on a screen without a filter. */
const filterFrom = 10;

/** Whether the filter lets a server through: each of its words is somewhere in what is shown. */
function isWanted(name, peer) {
  if (onlyOut.checked && peer.state === "up") return false;
  const text = [name, peer.server, peer.name, peer.state, peer.backup ? "backup" : "", peer.reason || ""].join(" ").toLowerCase();
  return filterWords.value.toLowerCase().split(" ").every((word) => text.includes(word));
}

/** A browser lays out so many rows of an upstream without a delay that a reader notices. */
const rowsMax = 200;

let showsAll = false;

/** The servers that get a row: where they are too many, those that are not up come first. */
function chosen(peers) {
  if (showsAll || peers.length <= rowsMax) return new Set(peers);
  const isUp = (peer) => peer.state === "up";
  return new Set([...peers.filter((peer) => !isUp(peer)), ...peers.filter(isUp)].slice(0, rowsMax));
}

function showFilter(shown, wanted, all) {
  document.getElementById("show-all").hidden = shown === wanted;
  const form = document.getElementById("filter");
  // It stays while it hides something, even if most servers have gone.
  form.hidden = all <= filterFrom && shown === all && !form.contains(document.activeElement);
  const count = document.getElementById("shown");
  const text = shown === all ? all + " servers" : shown + " of " + all + " servers";
  if (count.textContent !== text) count.textContent = text;
}

document.getElementById("filter").onsubmit = (event) => event.preventDefault();
document.getElementById("show-all").onclick = () => {
  showsAll = true;
  // The button goes, and with it the focus.
  filterWords.focus();
  showUpstreams();
};
for (const input of [filterWords, onlyOut]) input.oninput = () => showUpstreams();

/** The upstreams of the last look. */
let upstreamsNow = {};

/** Whether nobody else of its upstream would answer requests. */
function isLast(name, id) {
  const { peers } = upstreamsNow[name];
  const isUp = (peer) => peer.state === "up";
  return peers.some((peer) => peer.id === id && isUp(peer)) && !peers.some((peer) => peer.id !== id && isUp(peer));
}

/** Asks in a dialog of the page; Escape and Enter mean no. Resolves with true for yes. */
function question(text, yes) {
  const dialog = document.getElementById("question");
  document.getElementById("question-text").textContent = text;
  const button = document.getElementById("yes");
  button.textContent = yes;
  dialog.showModal();
  const no = document.getElementById("no");
  no.focus();
  return new Promise((resolve) => {
    const answer = (isYes) => {
      dialog.close();
      resolve(isYes);
    };
    button.onclick = () => answer(true);
    no.onclick = () => answer(false);
    // Escape. The event comes late: the one of the last question may find this one open.
    dialog.onclose = () => dialog.open || resolve(false);
  });
}
`;
