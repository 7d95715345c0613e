/** `error-doc`: the document that replaces an error's own page. */
import type { ErrorDocPlan } from "../../plan/plan.ts";
import type { ConnectionFacts } from "../clients/connection_facts.ts";
import type { Field } from "../fields/field_rules.ts";
import type { Route } from "../routes/routes.ts";

/** The document for an error on this route, or undefined if none is configured. */
export function documentOf(route: Route, status: number): ErrorDocPlan | undefined {
  return route.settings.errorDocs.findLast((doc) => doc.statuses.includes(status));
}

/** Whether the error is answered with a document. A document that fails itself gets none. */
export function hasDocument(route: Route, facts: ConnectionFacts, status: number): boolean {
  return status >= 400 && route.settings.errorDocs.length > 0 && facts.errorStatus === 0 &&
    documentOf(route, status) !== undefined;
}

/** Fields that describe the error's own page or the server that sent it. */
const ofPage =
  /^(content-(?!range$).*|etag|last-modified|accept-ranges|vary|expires|cache-control|age|date|server)$/i;

/**
 * Whether a field of the error response is also sent with its document. Allow, WWW-Authenticate,
 * Retry-After and the like are, as in h2o; fields that describe the replaced page are not.
 */
export function isOfError({ name }: Field): boolean {
  return !ofPage.test(name);
}

/** Document fields that are sent. Its validators are not: they describe another resource. */
const ofDocument = /^(content-type|content-language|content-encoding|date|server)$/i;

/** The fields of an error's document plus those of the error, as h2o sends them. */
export function documentFields(fields: readonly Field[], facts: ConnectionFacts): Field[] {
  return [...fields.filter(({ name }) => ofDocument.test(name)), ...facts.errorFields];
}
