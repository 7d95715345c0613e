import type { ServerSpec } from "../comparison.ts";

/** Unicorn with one worker and a Rack app that answers "hello world". It closes each connection. */
export const unicorn: ServerSpec = {
  name: "unicorn",
  program: "unicorn",
  files: () => ({
    "config.ru": "run ->(env) { [200, {'content-type' => 'text/plain'}, [\"hello world\\n\"]] }\n",
    "unicorn.rb": "worker_processes 1\n",
  }),
  args: ({ folder, address }) => [
    "-E",
    "none",
    "-c",
    `${folder}/unicorn.rb`,
    "-l",
    address.kind === "unix" ? address.path : `${address.host}:${address.port}`,
    `${folder}/config.ru`,
  ],
};
