import { type JsonObject, type JsonValue, stringifyJson, systemClock } from "@weir/protocol";
import type { Component, Scope } from "../src/component.ts";
import { jsonDecoder } from "../src/components/decoder/json.ts";
import type { Decoder } from "../src/components/decoder/contract.ts";
import { dpathExtractor } from "../src/components/extractor/dpath.ts";
import { recordFilter } from "../src/components/filter/record.ts";
import { cursorPagination } from "../src/components/pagination-strategy/cursor.ts";
import { offsetIncrement } from "../src/components/pagination-strategy/offset-increment.ts";
import { pageIncrement } from "../src/components/pagination-strategy/page-increment.ts";
import { defaultPaginator } from "../src/components/paginator/default.ts";
import { noPagination } from "../src/components/paginator/none.ts";
import type { PageResponse, RequestCall, Slice } from "../src/components/requester/contract.ts";
import { simpleRetriever } from "../src/components/retriever/simple.ts";
import { inlineSchemaLoader } from "../src/components/schema-loader/inline.ts";
import { recordSelector } from "../src/components/selector/record.ts";
import { addFields } from "../src/components/transformation/add-fields.ts";
import { dpathFlattenFields } from "../src/components/transformation/dpath-flatten.ts";
import { flattenFields } from "../src/components/transformation/flatten.ts";
import { keysReplace } from "../src/components/transformation/keys-replace.ts";
import { keysToLower } from "../src/components/transformation/keys-to-lower.ts";
import { removeFields } from "../src/components/transformation/remove-fields.ts";
import { templateCompiler } from "../src/expressions/index.ts";
import { keptPage } from "../src/http/page.ts";

const COMPONENTS: readonly Component[] = [
  addFields,
  cursorPagination,
  defaultPaginator,
  dpathExtractor,
  dpathFlattenFields,
  flattenFields,
  inlineSchemaLoader,
  jsonDecoder,
  keysReplace,
  keysToLower,
  noPagination,
  offsetIncrement,
  pageIncrement,
  recordFilter,
  recordSelector,
  removeFields,
  simpleRetriever,
];

export const SLICE: Slice = { partition: {}, cursor: {}, extra: {} };

export type Answer = PageResponse | null | "reset";

/** A scope whose requester answers by the script; a node of any other type is the real component. */
export function testScope(config: JsonObject = {}, answer?: (call: RequestCall) => Answer): Scope {
  const services = {
    transport: { send: () => Promise.reject(new Error("no network in this test")) },
    context: { clock: systemClock, log: () => {}, signal: new AbortController().signal },
    random: () => 0.5,
  };
  const compile = templateCompiler({ now: () => services.context.clock.now(), random: services.random });
  const owned = new Map<string, unknown>();
  const scope: Scope = {
    config,
    services,
    template: compile,
    build: (kind, node) => {
      if (node.type === "Scripted")
        return { send: (call: RequestCall) => Promise.resolve(answer?.(call) ?? null) } as never;
      const component = COMPONENTS.find((each) => each.kind === kind && each.type === node.type);
      if (component === undefined) throw new Error(`no ${kind} ${node.type} in this scope`);
      return component.build(node, scope) as never;
    },
    once: <T>(key: string, make: () => T): T => {
      if (!owned.has(key)) owned.set(key, make());
      return owned.get(key) as T;
    },
  };
  return scope;
}

/** A response with a JSON body as the requester gives it. */
export function page(
  body: JsonValue,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): PageResponse {
  const decoder: Decoder = testScope().build("decoder", { type: "JsonDecoder" });
  return keptPage(
    { status, headers, url: "https://api.test/" },
    new TextEncoder().encode(stringifyJson(body)),
    decoder,
  );
}
