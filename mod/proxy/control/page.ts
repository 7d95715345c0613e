/** `/hayate/`: a live page of listeners, upstreams and peers. One file without external resources. */
import { pageControls } from "./page_controls.ts";
import { pageStarts } from "./page_starts.ts";
import { pageScript } from "./page_script.ts";
import { pageStyle } from "./page_style.ts";

const questionDialog = `<dialog id="question" aria-labelledby="question-text">
<p id="question-text"></p>
<button id="no" type="button">cancel</button>
<button id="yes" type="button"></button>
</dialog>
`;

/** `isWritable`: with buttons to drain peers and take them down. */
export function controlPage(isWritable: boolean): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>hayate proxy</title>
<style>
${pageStyle}</style>
</head>
<body>
<main>
<header>
<h1>hayate</h1>
<span id="about"></span>
<span id="note" role="status">loading</span>
</header>
<div id="tiles"></div>
<form id="filter" hidden>
<label for="words">Filter</label>
<input id="words" type="search" placeholder="upstream, server, state or reason" autocomplete="off">
<label class="check"><input id="only-out" type="checkbox"> only servers that are not up</label>
<span id="shown" class="soft" role="status"></span>
<button id="show-all" type="button" hidden>show all</button>
</form>
<div id="upstreams"></div>
<section id="certificates" hidden><h2>Certificates</h2></section>
<section id="changes" hidden><h2>Last changes</h2></section>
<section id="listeners"><h2>Listeners</h2></section>
<section id="generations"><h2>Generations</h2></section>
<section id="starts" hidden><h2>Started by the supervisor</h2></section>
</main>
${isWritable ? questionDialog : ""}<script>
const writable = ${isWritable};
${pageControls}${pageStarts}${pageScript}</script>
</body>
</html>
`;
}
