import { isObject, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { RequestAdditions } from "../components/requester/contract.ts";
import { textOf } from "../http/text.ts";
import { dpath } from "../records/dpath.ts";
import { setMember } from "../records/members.ts";
import { pathParts } from "../records/path-templates.ts";
import { isFalsy } from "../records/truth.ts";
import { chunksOf, type Chunking, chunkingOf } from "./chunking.ts";

/** Names of properties that requests ask for, in as many requests for each page as their limit makes necessary. */
export interface QueryProperties {
  chunks(signal: AbortSignal): Promise<readonly (readonly string[])[]>;
  /** The parameter that carries the chunk; nothing where templates take it from the slice. */
  additions(chunk: readonly string[]): RequestAdditions;
  /** Puts parts of one record together in `merged`, by key; what has no key is given back. */
  merge(records: readonly JsonObject[], merged: Map<string, JsonObject>): readonly JsonObject[];
}

const isQueryProperties = (value: unknown): value is JsonObject =>
  isObject(value) && value["type"] === "QueryProperties";

/** A requester's node without what only its retriever understands. */
export function withoutQueryProperties(requester: Node): Node {
  const { request_parameters: parameters } = requester;
  if (!isObject(parameters)) return requester;
  const kept = Object.entries(parameters).filter(([, value]) => !isQueryProperties(value));
  return { ...requester, request_parameters: Object.fromEntries(kept) };
}

/** Null: requests of this requester carry no list of properties. */
export function queryProperties(requester: Node, stream: string, scope: Scope): QueryProperties | null {
  const { request_parameters: parameters, fetch_properties_from_endpoint: endpoint } = requester;
  const given = Object.entries(isObject(parameters) ? parameters : {}).filter(([, value]) =>
    isQueryProperties(value),
  );
  if (given.length > 1)
    throw new WeirError({
      code: "manifest.component",
      message: `The requester of stream ${stream} has QueryProperties in ${given.length} parameters.`,
      next: "Leave one of them.",
      recovery: "ask",
      origin: "source",
      stream,
    });
  const [parameter] = given;
  if (parameter !== undefined && isObject(parameter[1])) return made(parameter[1], parameter[0], scope);
  if (isObject(endpoint)) return made({ property_list: endpoint }, null, scope);
  return isObject(requester["query_properties"]) ? made(requester["query_properties"], null, scope) : null;
}

function made(node: JsonObject, parameter: string | null, scope: Scope): QueryProperties {
  const always = texts(node["always_include_properties"]);
  const chunking: Chunking | null = chunkingOf(node["property_chunking"]);
  const { property_list: list } = node;
  const endpoint = isObject(list) ? propertiesOf(list as unknown as Node, scope) : null;
  let known: Promise<readonly string[]> | null = null;
  return {
    chunks: async (signal) => {
      known ??= endpoint === null ? Promise.resolve(texts(list)) : endpoint(signal);
      const names = await known.catch((error: unknown) => {
        known = null;
        throw error;
      });
      return chunking === null ? [[...always, ...names]] : chunksOf(names, always, chunking);
    },
    additions: (chunk) => (parameter === null ? {} : { params: { [parameter]: chunk.join(",") } }),
    merge: (records, merged) => {
      if (chunking === null) return records;
      return records.filter((record) => {
        const key = keyOf(record, chunking.keys);
        if (key === null) return true;
        const target = merged.get(key);
        if (target === undefined) merged.set(key, record);
        else mergeInto(target, record);
        return false;
      });
    },
  };
}

/** Properties named by records of an endpoint, asked for once. */
function propertiesOf(node: Node, scope: Scope): (signal: AbortSignal) => Promise<readonly string[]> {
  const path = dpath(pathParts(node["property_field_path"], node, scope));
  const retriever = scope.build("retriever", node["retriever"] as unknown as Node);
  return async (signal) => {
    const names: string[] = [];
    const slice = { partition: {}, cursor: {}, extra: {} };
    for await (const record of retriever.read({ slice, additions: [] }, signal))
      names.push(textOf(path.get(record) ?? []));
    return names;
  };
}

function texts(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).map(textOf) : [];
}

function keyOf(record: JsonObject, keys: readonly string[]): string | null {
  const found: string[] = [];
  for (const key of keys) {
    const value = Object.hasOwn(record, key) ? record[key] : undefined;
    if (isFalsy(value)) return null;
    found.push(textOf(value));
  }
  return found.join(",");
}

function mergeInto(target: JsonObject, source: JsonObject): void {
  for (const [key, value] of Object.entries(source)) {
    const known = Object.hasOwn(target, key) ? target[key] : undefined;
    if (isObject(known) && isObject(value)) mergeInto(known, value);
    else setMember(target, key, value);
  }
}
