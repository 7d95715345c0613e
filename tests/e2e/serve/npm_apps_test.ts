/** Frameworks and clients as they are on npm, installed without a bundler. */
import { assertEquals } from "@std/assert";
import { installPackages } from "../../support/npm_packages.ts";
import { testThatNeeds } from "../../support/peers.ts";
import { type TempFolder, tempFolder } from "../../support/ports.ts";
import { startServe } from "../../support/serve.ts";

const dependencies = {
  "@trpc/server": "11.6.0",
  "elysia": "1.4.9",
  "express": "5.1.0",
  "fastify": "5.6.1",
  "graphql": "16.11.0",
  "graphql-yoga": "5.16.0",
  "h3": "1.15.4",
  "hono": "4.9.8",
  "ioredis": "5.8.0",
  "itty-router": "5.0.22",
  "pg": "8.16.3",
  "react": "19.1.1",
  "react-dom": "19.1.1",
};

/** A folder with node_modules, or null when the registry cannot be reached in time. */
async function install(): Promise<TempFolder | null> {
  const folder = await tempFolder();
  if (await installPackages(folder.path, { dependencies })) return folder;
  await folder[Symbol.asyncDispose]();
  return null;
}

interface Row {
  readonly name: string;
  readonly text: string;
  readonly path: string;
  readonly init?: RequestInit;
  readonly answer: string;
}

const json = { method: "POST", headers: { "content-type": "application/json" }, body: `{"a":1}` };

const rows: readonly Row[] = [
  {
    name: "hono.tsx",
    text: `/** @jsxImportSource hono/jsx */
import { Hono } from "hono";
import { cors } from "hono/cors";
const app = new Hono().use(cors());
app.get("/", (c) => c.html(<p>{c.req.query("q")}</p>));
export default app;`,
    path: "/?q=hi",
    answer: "<p>hi</p>",
  },
  {
    name: "itty.ts",
    text: `import { AutoRouter } from "itty-router";
export default AutoRouter().get("/x/:id", ({ id }) => ({ id }));`,
    path: "/x/7",
    answer: `{"id":"7"}`,
  },
  {
    name: "h3.ts",
    text: `import { createApp, eventHandler, toWebHandler } from "h3";
export default { fetch: toWebHandler(createApp().use("/", eventHandler(() => ({ h3: true })))) };`,
    path: "/",
    answer: `{"h3":true}`,
  },
  {
    name: "elysia.ts",
    text: `import { Elysia } from "elysia";
export default new Elysia().post("/", ({ body }) => body);`,
    path: "/",
    init: json,
    answer: `{"a":1}`,
  },
  {
    name: "react.jsx",
    text: `import React from "react";
import { renderToString } from "react-dom/server";
const Page = ({ name }) => { const [n] = React.useState(5); return <b>{name + n}</b>; };
export default { fetch: () => new Response(renderToString(<Page name="x" />)) };`,
    path: "/",
    answer: "<b>x5</b>",
  },
  {
    name: "yoga.ts",
    text: `import { createSchema, createYoga } from "graphql-yoga";
export default createYoga({ schema: createSchema({
  typeDefs: "type Query { hello: String }", resolvers: { Query: { hello: () => "world" } } }) });`,
    path: "/graphql?query=%7Bhello%7D",
    answer: `{"data":{"hello":"world"}}`,
  },
  {
    name: "trpc.ts",
    text: `import { initTRPC } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
const t = initTRPC.create();
const router = t.router({ hi: t.procedure.query(() => "hi") });
export default { fetch: (req: Request) =>
  fetchRequestHandler({ endpoint: "/trpc", req, router, createContext: () => ({}) }) };`,
    path: "/trpc/hi",
    answer: `{"result":{"data":"hi"}}`,
  },
  {
    name: "express.js",
    text: `const express = require("express");
const app = express();
app.use(express.json());
app.post("/echo", (req, res) => res.status(201).json({ ...req.body, ip: req.ip }));
app.listen(3000);`,
    path: "/echo",
    init: json,
    answer: `{"a":1,"ip":"127.0.0.1"}`,
  },
  {
    name: "fastify.ts",
    text: `import Fastify from "fastify";
const app = Fastify();
app.post("/", async (request) => request.body);
await app.listen({ port: 3000 });`,
    path: "/",
    init: json,
    answer: `{"a":1}`,
  },
  {
    name: "clients.ts",
    text: `import pg, { Client } from "pg";
import Redis from "ioredis";
const client = new Client({ host: "127.0.0.1", port: 1 });
const refused = await client.connect().then(() => "", (error) => error.code);
const redis = new Redis({ host: "127.0.0.1", port: 1, lazyConnect: true, retryStrategy: () => null });
redis.on("error", () => {});
const closed = await redis.connect().then(() => "", (error) => error.message);
const pool = new pg.Pool({ max: 1 });
export default { fetch: () => Response.json([refused, closed, pool.totalCount]) };`,
    path: "/",
    answer: `["ECONNREFUSED","Connection is closed.",0]`,
  },
];

const installed = await install();
const missing = installed === null ? ["npm's registry"] : [];

testThatNeeds(missing, "apps of npm run as they are", async (t) => {
  await using folder = installed!;
  for (const { name, text, path, init, answer } of rows) {
    await t.step(name, async () => {
      const app = await folder.write(name, text);
      await using served = await startServe({ args: [app] });
      assertEquals(await (await fetch(`${served.url}${path}`, init)).text(), answer);
    });
  }
});
