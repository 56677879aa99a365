import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../component.ts";
import type { StreamComponent } from "../components/stream/contract.ts";
import { textOf } from "../http/text.ts";
import { classMissing, missingClass } from "./custom.ts";
import { withParentCache } from "./parent-cache.ts";

export interface StreamList {
  /** In the catalog's order. */
  readonly streams: readonly StreamComponent[];
  /** The streams that each dynamic stream made. */
  readonly dynamic: ReadonlyMap<string, readonly StreamComponent[]>;
}

export interface ListRequest {
  readonly manifest: JsonObject;
  readonly scope: Scope;
  /** Puts types and parameters into a node that was made of a template. */
  readonly complete: (node: JsonValue, useParentParameters: boolean) => Node;
  /** Whether a component stands for a Python class. */
  readonly known: (className: string) => boolean;
  readonly signal: AbortSignal;
}

interface Entry {
  readonly node: Node;
  /** The dynamic stream that made it. */
  readonly from: string | null;
}

/** Every stream that the manifest gives for this configuration. A stream that needs missing code fails when it is read. */
export async function listStreams(request: ListRequest): Promise<StreamList> {
  const { manifest, scope, known } = request;
  const entries: Entry[] = staticNodes(manifest, scope).map((node) => ({ node, from: null }));
  for await (const entry of dynamicEntries(request)) entries.push(entry);
  const nodes = withParentCache(entries.map(({ node }) => node));
  const missing = nodes.map((node) => missingClass(node as JsonValue, known));
  const working = nodes.filter((_, at) => missing[at] === null).map((node) => textOf(node["name"]));
  const streams = nodes.map((node, at) => {
    const className = missing[at] ?? null;
    const stream = scope.build("stream", node);
    return className === null ? stream : failing(stream, classMissing(className, node, working));
  });
  const dynamic = new Map<string, StreamComponent[]>();
  for (const [at, { from }] of entries.entries()) {
    const stream = streams[at];
    if (from !== null && stream !== undefined) dynamic.set(from, [...(dynamic.get(from) ?? []), stream]);
  }
  return { streams, dynamic };
}

function failing(stream: StreamComponent, error: WeirError): StreamComponent {
  return {
    name: stream.name,
    get cursorField() {
      return stream.cursorField;
    },
    describe: (signal) => stream.describe(signal),
    open: () => {
      throw error;
    },
  };
}

/** The manifest's own streams; ConditionalStreams stand in place of theirs where their condition holds. */
function staticNodes(manifest: JsonObject, scope: Scope): readonly Node[] {
  return nodesIn(manifest["streams"]).flatMap((node) => {
    if (node.type !== "ConditionalStreams") return [node];
    const condition = scope.template(textOf(node["condition"] ?? ""));
    return condition.test({ config: scope.config, parameters: {} }) ? nodesIn(node["streams"]) : [];
  });
}

function nodesIn(value: JsonValue | undefined): readonly Node[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isObject).map(typed) : [];
}

function typed(node: JsonObject): Node {
  return { ...node, type: typeof node["type"] === "string" ? node["type"] : "DeclarativeStream" };
}

async function* dynamicEntries({ manifest, scope, complete, signal }: ListRequest): AsyncGenerator<Entry> {
  const names = new Set<string>();
  for (const [at, definition] of nodesIn(manifest["dynamic_streams"]).entries()) {
    const from = typeof definition["name"] === "string" ? definition["name"] : `dynamic_stream_${at}`;
    const template = definition["stream_template"] as unknown as Node;
    const resolver = scope.build("resolver", cachedResolver(definition["components_resolver"]));
    for await (const made of resolver.resolve(template, signal)) {
      const node = typed(complete(made, definition["use_parent_parameters"] !== false));
      const name = node["name"];
      if (typeof name !== "string") throw refused(from, "makes a stream whose name is no text");
      if (names.has(name)) throw refused(from, `makes two streams of the name ${name}`);
      names.add(name);
      yield { node, from };
    }
  }
}

/** Its answers are asked for by check, discover and read. */
function cachedResolver(value: JsonValue | undefined): Node {
  const node = (isObject(value) ? value : {}) as unknown as Node;
  const retriever = node["retriever"];
  if (!isObject(retriever) || !isObject(retriever["requester"])) return node;
  return { ...node, retriever: { ...retriever, requester: { ...retriever["requester"], use_cache: true } } };
}

function refused(name: string, what: string): WeirError {
  return new WeirError({
    code: "manifest.dynamic_stream",
    message: `The dynamic stream ${name} ${what}.`,
    next: "Correct the list in the configuration that it is made from, or its mappings in the manifest.",
    recovery: "ask",
    origin: "source",
    path: "dynamic_streams",
  });
}
