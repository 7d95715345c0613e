/** The flags of `hayate proxy certs`. */
import { defineTable } from "../../cli/mod.ts";

export const certsTable = defineTable({
  command: "hayate proxy certs",
  summary: "lists the certificates that a CA has given (ACME)",
  usage: ["[-c h2o.conf]", "--state FOLDER"],
  description: [
    "Names, issuer, days left, the next renewal or attempt in UTC, and the last error. It reads the " +
    "state folder, and asks neither the proxy nor the CA.",
  ],
  options: [
    {
      long: "conf",
      short: "c",
      kind: "string",
      placeholder: "FILE",
      help: "The proxy's configuration, for the folder that acme names.",
    },
    {
      long: "state",
      kind: "string",
      env: "ACME_STATE",
      placeholder: "FOLDER",
      help: "The state folder itself, as ACME_STATE of the appliance names it.",
    },
  ],
  examples: [
    { run: "hayate proxy certs -c h2o.conf", about: "what this configuration has" },
  ],
  exitCodes: [
    { code: 0, meaning: "listed" },
    { code: 1, meaning: "the folder cannot be read" },
    { code: 2, meaning: "wrong usage" },
  ],
});
