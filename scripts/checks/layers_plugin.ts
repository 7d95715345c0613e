/**
 * The layer check as a `deno lint` plugin, which works on the syntax tree: a name in a string or a
 * comment is not a use. Run by layers.ts with its own configuration.
 */
import {
  codecs,
  codecStrangers,
  computedImportOwners,
  importFault,
  importRules,
  isOwner,
  ownerRules,
} from "./layer_table.ts";
import { pathInTree } from "./lint_runner.ts";

type Context = Deno.lint.RuleContext;
type Named = { type: string; name?: unknown; value?: unknown };

function checkImport(context: Context, node: Deno.lint.Node, source: Named): void {
  const from = pathInTree(context.filename);
  const name = source.value;
  if (typeof name !== "string") {
    if (isOwner(from, computedImportOwners)) return;
    context.report({ node, message: "an import must name its module as a plain string" });
    return;
  }
  const fault = /^\.{0,2}\//.test(name)
    ? relativeFault(context.filename, from, name)
    : outsideFault(from, name);
  if (fault !== null) context.report({ node, message: fault });
}

function relativeFault(filename: string, from: string, name: string): string | null {
  // main.ts is above all layers.
  if (!from.startsWith("mod/")) return null;
  const root = filename.slice(0, filename.length - from.length);
  const target = new URL(name, `file://${filename}`).pathname;
  return importFault(from, target.startsWith(root) ? target.slice(root.length) : target);
}

function outsideFault(from: string, name: string): string | null {
  const rule = importRules.find(({ prefix }) => name.startsWith(prefix));
  if (rule === undefined || isOwner(from, rule.owners)) return null;
  const owners = rule.owners.length === 0 ? "no module may import" : `only ${rule.owners} imports`;
  return `${owners} ${name}: ${rule.instead}`;
}

function checkOwner(context: Context, node: Deno.lint.MemberExpression): void {
  if (node.object.type !== "Identifier" || node.object.name !== "Deno") return;
  const property = node.property as Named;
  reportForeign(context, node, `Deno.${property.name ?? property.value}`);
}

/** `fetch(url)` and `new WebSocket(url)`: globals that an owner rule names. */
function checkGlobal(context: Context, node: Deno.lint.CallExpression | Deno.lint.NewExpression) {
  if (node.callee.type === "Identifier") reportForeign(context, node, node.callee.name);
}

function reportForeign(context: Context, node: Deno.lint.Node, name: string): void {
  const rule = ownerRules.find(({ names }) => names.includes(name));
  if (rule === undefined || isOwner(pathInTree(context.filename), rule.owners)) return;
  const owners = rule.owners.length === 0
    ? "no module may use"
    : `only ${rule.owners.join(", ")} uses`;
  context.report({ node, message: `${owners} ${name}: ${rule.instead}` });
}

const plugin: Deno.lint.Plugin = {
  name: "hayate-layers",
  rules: {
    imports: {
      create: (context) => ({
        ImportDeclaration: (node) => checkImport(context, node, node.source),
        ImportExpression: (node) => checkImport(context, node, node.source as Named),
        ExportAllDeclaration: (node) => checkImport(context, node, node.source),
        ExportNamedDeclaration(node) {
          if (node.source !== null) checkImport(context, node, node.source);
        },
      }),
    },
    owners: {
      create: (context) => ({
        MemberExpression: (node) => checkOwner(context, node),
        CallExpression: (node) => checkGlobal(context, node),
        NewExpression: (node) => checkGlobal(context, node),
      }),
    },
    codecs: {
      create(context) {
        const [top, codec] = pathInTree(context.filename).split("/");
        if (top !== "mod" || !codecs.includes(codec)) return {};
        return {
          Identifier(node) {
            if (!codecStrangers.includes(node.name) || isPropertyName(node)) return;
            context.report({
              node,
              message: `${codec} is bytes in, events out: no ${node.name} in it`,
            });
          },
          AwaitExpression(node) {
            context.report({ node, message: `${codec} is bytes in, events out: no await in it` });
          },
        };
      },
    },
  },
};

/** `x.performance` and `{ performance: 1 }` are not uses of the global. */
function isPropertyName(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as unknown as { type: string; property?: unknown; key?: unknown };
  return (parent.type === "MemberExpression" && parent.property === node) ||
    (parent.type === "Property" && parent.key === node);
}

export default plugin;
