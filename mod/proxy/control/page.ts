/** `/hayate/`: a live page of listeners, upstreams and peers. One file without external resources. */
import { pageScript } from "./page_script.ts";
import { pageStyle } from "./page_style.ts";

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
<div id="upstreams"></div>
<section id="certificates" hidden><h2>Certificates</h2></section>
<section id="listeners"><h2>Listeners</h2></section>
<section id="generations"><h2>Generations</h2></section>
</main>
<script>
const writable = ${isWritable};
${pageScript}</script>
</body>
</html>
`;
}
