/** The style checks that need the syntax tree, as a `deno lint` plugin. Run by tidy.ts. */
import { pathInTree } from "./lint_runner.ts";
import {
  bannedMembers,
  functionLinesMax,
  hotFolders,
  longFunctions,
  slowCallFiles,
  slowForeignTypes,
} from "./tidy_table.ts";

type Context = Deno.lint.RuleContext;
type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;
/** The fields used by the checks below; each node has some of them. */
type Parts = { type: string; name?: string; value?: unknown; key?: Parts; id?: Parts | null };

function checkLength(context: Context, node: FunctionNode): void {
  const text = context.sourceCode.text.slice(node.range[0], node.range[1]);
  const lines = text.split("\n").length;
  if (lines <= functionLinesMax) return;
  const path = pathInTree(context.filename);
  // A suite that registers its tests in one function is a list, not a procedure.
  if (path.startsWith("tests/") && /\b(Deno\.test|peerTest)\(/.test(text)) return;
  const name = functionName(node);
  if (longFunctions.has(`${path} ${name}`)) return;
  context.report({ node, message: `${name} has ${lines} lines, the cap is ${functionLinesMax}` });
}

/** Its own name, or that of the method, property or variable that holds it. */
function functionName(node: FunctionNode): string {
  const own = "id" in node ? node.id?.name : undefined;
  if (own) return own;
  const parent = node.parent as unknown as Parts;
  return parent.key?.name ?? parent.id?.name ?? "(anonymous)";
}

function checkMember(context: Context, node: Deno.lint.MemberExpression): void {
  const text = context.sourceCode.getText(node);
  const path = pathInTree(context.filename);
  for (const rule of bannedMembers) {
    if (rule.name !== text) continue;
    if (rule.under && !rule.under.some((folder) => path.startsWith(folder))) continue;
    if (rule.except?.some((folder) => path.startsWith(folder))) continue;
    context.report({ node, message: `${rule.name} is banned here: ${rule.instead}` });
  }
}

/** `ignore: true` disables a test; only peerTest may use it, which counts and names the test. */
function checkProperty(context: Context, node: Deno.lint.Property): void {
  const path = pathInTree(context.filename);
  const key = node.key as unknown as Parts;
  if (path.startsWith("tests/") && path !== "tests/support/peers.ts") {
    if (key.name === "ignore" || key.name === "only") {
      context.report({ node, message: `${key.name} is banned: every test runs, see peerTest` });
    }
  }
}

/** A slow type in a signature of mod/sys, in the parameters or as the result. */
function checkLiteral(context: Context, node: Deno.lint.Literal): void {
  const path = pathInTree(context.filename);
  if (!path.startsWith("mod/sys/") || slowCallFiles.includes(path)) return;
  if (!slowForeignTypes.includes(String(node.value))) return;
  const message = `${node.value} makes the call slow: i32, u32, pointer or buffer`;
  context.report({ node, message });
}

/** A discarded promise failure: `.catch(() => {})`. */
function checkCall(context: Context, node: Deno.lint.CallExpression): void {
  // In a test, a promise that only signals completion may fail silently: the test asserts elsewhere.
  if (pathInTree(context.filename).startsWith("tests/")) return;
  const callee = node.callee as unknown as Parts & { property?: Parts };
  const [handler] = node.arguments as unknown as (Parts & { body?: { body?: unknown[] } })[];
  if (callee.type !== "MemberExpression" || callee.property?.name !== "catch") return;
  if (handler?.type !== "ArrowFunctionExpression" || handler.body?.body?.length !== 0) return;
  context.report({ node, message: "an empty catch hides a failure: handle the errors you expect" });
}

const plugin: Deno.lint.Plugin = {
  name: "hayate-tidy",
  rules: {
    functions: {
      create: (context) => ({
        FunctionDeclaration: (node) => checkLength(context, node),
        FunctionExpression: (node) => checkLength(context, node),
        ArrowFunctionExpression: (node) => checkLength(context, node),
      }),
    },
    members: {
      create: (context) => ({
        MemberExpression: (node) => checkMember(context, node),
        Property: (node) => checkProperty(context, node),
        Literal: (node) => checkLiteral(context, node),
      }),
    },
    catches: {
      create: (context) => ({
        CallExpression: (node) => checkCall(context, node),
        CatchClause(node) {
          if (node.body.body.length > 0) return;
          // A scripted peer may be disconnected at any byte; a comment must explain it.
          const isTest = pathInTree(context.filename).startsWith("tests/");
          if (isTest && context.sourceCode.getText(node.body).includes("//")) return;
          const message = "an empty catch hides a failure: handle the errors you expect";
          context.report({ node, message });
        },
      }),
    },
    words: {
      create: (context) => ({
        TSEnumDeclaration: (node) =>
          context.report({ node, message: "an enum is no plain value: use a const object" }),
        PropertyDefinition: (node) => checkPrivate(context, node),
        MethodDefinition(node) {
          // A constructor cannot be made private otherwise.
          if (node.kind !== "constructor") checkPrivate(context, node);
        },
        TSParameterProperty(node) {
          // In this version `accessibility` is that of the constructor; the source text is correct.
          const text = context.sourceCode.getText(node as unknown as Deno.lint.Node);
          if (text.startsWith("private")) checkPrivate(context, node);
          checkParameterProperty(context, node as unknown as Deno.lint.Node);
        },
      }),
    },
  },
};

function checkPrivate(context: Context, node: Deno.lint.Node): void {
  if ((node as unknown as { accessibility?: string }).accessibility !== "private") return;
  context.report({ node, message: "private is only a word to the compiler: use #name" });
}

function checkParameterProperty(context: Context, node: Deno.lint.Node): void {
  const path = pathInTree(context.filename);
  if (!hotFolders.some((folder) => path.startsWith(folder))) return;
  const message = "a parameter property makes every field of its class slow: declare and assign it";
  context.report({ node, message });
}

export default plugin;
