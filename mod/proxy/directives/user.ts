/** `user`: the user that the proxy runs as, once it has read what only root may read. */
import { userTextFault } from "../../process/privileges/run_as.ts";
import { levels, scalar } from "./draft/directive.ts";

const userKind = {
  allowed: "a name or an id, and maybe a group after a colon: www-data, 1000:1000",
  parse: (text: string) => userTextFault(text) === null ? text : null,
};

export const userDirective = scalar("user", levels.global, userKind, (draft, text, at) => {
  draft.plan.global.user = { text, at };
});
