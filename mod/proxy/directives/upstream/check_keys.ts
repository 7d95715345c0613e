/** The `check...` directives of an upstream: read one by one, combined at the end. */
import type { ConfigNode, Position } from "../../../config/mod.ts";
import { type CheckPlan, type MatchPlan, speaksHttp } from "../../plan/check_plan.ts";
import { checkDefaults, parseAliveClasses, parseCheck } from "./check_line.ts";
import { readMatch } from "./check_match.ts";
import { count, readLine, readScalar } from "../draft/directive.ts";
import type { LevelDraft } from "../draft/drafts.ts";

export const checkMemoryNotice =
  "check_shm_size: hayate's memory for checks grows with the servers; it is ignored";

/** A value and its position, so that invalid combinations can be reported there. */
interface Placed<T> {
  readonly value: T;
  readonly at: Position;
}

export class CheckKeys {
  readonly #draft: LevelDraft;
  #check: Placed<CheckPlan> | null = null;
  #send: Placed<string> | null = null;
  #alive: Placed<number> | null = null;
  #match: Placed<MatchPlan> | null = null;
  #command: Placed<readonly string[]> | null = null;
  /** `check_exec` is present, valid or not. */
  #hasCommand = false;

  /** One reader for each directive, for `readMap`. */
  readonly readers: Readonly<Record<string, (node: ConfigNode) => void>> = {
    check: (node) => this.#check = this.#line("check", node, parseCheck),
    check_http_send: (node) => {
      // Wrapped, because readLine treats a string result as an error message.
      const send = this.#line("check_http_send", node, (text) => ({ text }));
      this.#send = send === null ? null : { value: send.value.text, at: send.at };
    },
    check_http_expect_alive: (node) =>
      this.#alive = this.#line("check_http_expect_alive", node, parseAliveClasses),
    check_match: (node) => {
      if (node.kind === "mapping") {
        this.#match = { value: readMatch(this.#draft, node), at: node.at };
      } else {
        const allowed = "a mapping with status, header and body";
        this.#draft.problem(
          node.at,
          `check_match: the value cannot be a ${node.kind}; allowed: ${allowed}`,
        );
      }
    },
    check_exec: (node) => this.#command = this.#readCommand(node),
    check_keepalive_requests: (node) => {
      const most = count(1, 2 ** 31 - 1);
      const requests = readScalar(this.#draft, "check_keepalive_requests", node, most);
      if (requests === null || requests === 1) return;
      this.#ignore(node, "check_keepalive_requests: every check opens a connection of its own");
    },
    check_shm_size: (node) => this.#draft.notice(node.at, checkMemoryNotice),
    check_fastcgi_param: (node) =>
      this.#ignore(node, "check_fastcgi_param: only type=fastcgi uses it, which hayate lacks"),
  };

  constructor(draft: LevelDraft) {
    this.#draft = draft;
  }

  /** Returns the check, or null without one; reports invalid combinations in Tengine's words. */
  complete(): CheckPlan | null {
    const check = this.#check;
    const type = check?.value.type ?? "tcp";
    const lines = [
      ["check_http_send", this.#send, speaksHttp(type)],
      ["check_http_expect_alive", this.#alive, speaksHttp(type)],
      ["check_match", this.#match, speaksHttp(type)],
      ["check_exec", this.#command, type === "exec"],
    ] as const;
    for (const [name, placed, fits] of lines) {
      if (placed === null) continue;
      const { at } = placed;
      if (check === null) this.#draft.problem(at, `invalid ${name} should set [check] first`);
      else if (!fits) this.#draft.problem(at, `invalid ${name} for type "${type}"`);
    }
    if (check === null) return null;
    if (check.value.grpcService !== "" && type !== "grpc") {
      this.#draft.problem(check.at, `invalid grpc_service for type "${type}"`);
    }
    if (type === "exec" && !this.#hasCommand) {
      this.#draft.problem(check.at, "check: type=exec needs check_exec: COMMAND");
    }
    return {
      ...check.value,
      send: this.#send?.value ?? checkDefaults.send,
      aliveClasses: this.#alive?.value ?? checkDefaults.aliveClasses,
      match: this.#match?.value ?? null,
      command: this.#command?.value ?? [],
      tlsCaFile: this.#draft.settings.proxy.tlsCaFile,
    };
  }

  #ignore(node: ConfigNode, why: string): void {
    this.#draft.notice(node.at, `${why}; it is ignored`);
  }

  #line<T>(
    name: string,
    node: ConfigNode,
    parse: (text: string) => T | string,
  ): Placed<T> | null {
    const value = readLine(this.#draft, name, node, parse);
    return value === null ? null : { value, at: node.at };
  }

  /** A string is run by the shell; a sequence is the program and its arguments. */
  #readCommand(node: ConfigNode): Placed<readonly string[]> | null {
    this.#hasCommand = true;
    const name = "check_exec";
    const word = (text: string) => text === "" ? "the command is empty" : [text];
    if (node.kind !== "sequence") {
      const text = readLine(this.#draft, name, node, word);
      return text === null ? null : { value: ["/bin/sh", "-c", text[0]], at: node.at };
    }
    const words = node.items.flatMap((item) =>
      readLine(this.#draft, name, item, (text) => [text]) ?? []
    );
    if (words.length > 0 && words[0] !== "") return { value: words, at: node.at };
    this.#draft.problem(node.at, "check_exec: the command is empty");
    return null;
  }
}
