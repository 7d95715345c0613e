/** Text and HTML of the welcome page; pure functions. */
import { formatDuration } from "../../../std/duration.ts";

const exampleConfig = `listen: 80
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:3000/
`;

/** What the page shows about the process. */
export interface WelcomeFacts {
  readonly version: string;
  /** Number given by the supervisor; null without one. */
  readonly generation: number | null;
  readonly pid: number;
  readonly configFiles: readonly string[];
}

function facts({ version, generation, pid }: WelcomeFacts, upSeconds: number): [string, string][] {
  return [
    ["version", version],
    [
      "generation",
      generation === null ? "none (started without a supervisor)" : String(generation),
    ],
    ["process", String(pid)],
    ["up for", formatDuration(upSeconds * 1000)],
  ];
}

/** For curl and other programs. */
export function welcomeText(about: WelcomeFacts, upSeconds: number): string {
  const lines = facts(about, upSeconds).map(([name, value]) => `  ${name.padEnd(12)}${value}\n`)
    .join("");
  return `hayate is running and waits for its configuration.

${lines}
Put a file like this at ${about.configFiles.join(" or ")}:

${exampleConfig.replace(/^(?=.)/gm, "  ")}
Then reload without losing a request: send HUP to the supervisor.
`;
}

/** For browsers: no script, no external resources, light and dark. */
export function welcomeHtml(about: WelcomeFacts, upSeconds: number): string {
  const rows = facts(about, upSeconds)
    .map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`)
    .join("\n");
  const files = about.configFiles.map((file) => `<code>${file}</code>`).join(" or ");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>hayate is running</title>
<style>
:root { --ink: #1d2733; --soft: #5a6a7c; --paper: #fbfaf7; --card: #ffffff; --line: #dfe3e8; --accent: #0b6e99; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6ebf0; --soft: #9aa9b8; --paper: #14191f; --card: #1c232b; --line: #2e3843; --accent: #6cc4ea; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 17px/1.55 system-ui, sans-serif; }
main { max-width: 42rem; margin: 0 auto; padding: 3.5rem 1.25rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h1 span { color: var(--accent); }
h2 { font-size: 1.1rem; margin: 2.25rem 0 .5rem; }
p { margin: .5rem 0; }
.lead { color: var(--soft); margin-bottom: 2rem; }
dl, pre { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.25rem; margin: .75rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
pre { overflow-x: auto; }
code, pre { font: .92em/1.5 ui-monospace, monospace; }
</style>
</head>
<body>
<main>
<h1><span>hayate</span> is running</h1>
<p class="lead">It is running and has no configuration yet.</p>
<dl>
${rows}
</dl>
<h2>Configure it</h2>
<p>Put a file like this at ${files}:</p>
<pre>${exampleConfig}</pre>
<p>It is h2o's configuration language. Test a file with <code>hayate proxy -t -c FILE</code>.</p>
<h2>Reload it</h2>
<p>Send <code>HUP</code> to the supervisor: a new generation takes over the sockets, and no request is lost.</p>
</main>
</body>
</html>
`;
}
