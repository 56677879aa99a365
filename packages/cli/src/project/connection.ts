import type { Connection, Limits, NamespaceRule, StreamSelection } from "@weir/engine";
import type { DeclaredConnection, DeclaredLimits, DeclaredStream } from "./declared.ts";

/** What a declaration means to the engine. */
export function connectionOf(name: string, declared: DeclaredConnection): Connection {
  return {
    name,
    streams: selections(declared),
    namespace: namespaceRule(declared.namespace),
    prefix: declared.prefix ?? "",
    schemaChanges: declared.schemaChanges ?? "propagate_columns",
    nativeTypes: declared.nativeTypes ?? false,
    rejects: { max: declared.rejects?.max ?? 0 },
  };
}

function selections(declared: DeclaredConnection): Connection["streams"] {
  const { streams } = declared;
  if (streams === undefined || streams === "all") return "all";
  return streams.map((each) => {
    const stream: DeclaredStream = typeof each === "string" ? parseStreamKey(each) : each;
    return {
      ...withDefaults(declared),
      ...stream,
      ...(stream.primaryKey === undefined ? {} : { primaryKey: fieldList(stream.primaryKey) }),
    } as StreamSelection;
  });
}

/** Settings of the connection that hold for each of its streams. */
export function withDefaults(
  declared: DeclaredConnection,
): Pick<StreamSelection, "mode" | "cursor" | "primaryKey"> {
  const { mode, cursor, primaryKey } = declared;
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(cursor === undefined ? {} : { cursor }),
    ...(primaryKey === undefined ? {} : { primaryKey: fieldList(primaryKey) }),
  };
}

function fieldList(key: string | readonly string[]): readonly string[] {
  return typeof key === "string" ? [key] : key;
}

/** `name` or `namespace.name`; a backslash takes the meaning from a dot. */
export function parseStreamKey(text: string): { readonly name: string; readonly namespace?: string } {
  const [, namespace, name] = /^((?:[^.\\]|\\.)*)\.(.*)$/s.exec(text) ?? [];
  if (namespace === undefined || name === undefined || namespace === "" || name === "") {
    return { name: unescape(text) };
  }
  return { namespace: unescape(namespace), name: unescape(name) };
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, "$1");
}

function namespaceRule(declared: DeclaredConnection["namespace"]): NamespaceRule {
  if (declared === undefined || declared === "destination") return { kind: "destination" };
  if (declared === "source") return { kind: "source" };
  return { kind: "custom", format: declared.format };
}

/** Seconds for people, milliseconds inside. */
export function limitsOf(declared: DeclaredLimits = {}): Partial<Limits> {
  const seconds = {
    sourceHeartbeatMs: declared.sourceHeartbeatSeconds,
    destinationTimeoutMs: declared.destinationTimeoutSeconds,
    backoffMinMs: declared.backoffMinSeconds,
    backoffMaxMs: declared.backoffMaxSeconds,
  };
  const plain = {
    parallelStreams: declared.parallelStreams,
    bytesInFlight: declared.bytesInFlight,
    completeFailures: declared.completeFailures,
    completeFailuresInSuccession: declared.completeFailuresInSuccession,
    partialFailures: declared.partialFailures,
    partialFailuresInSuccession: declared.partialFailuresInSuccession,
  };
  const converted = Object.entries(seconds).map(([name, value]) => [
    name,
    value === undefined ? value : value * 1000,
  ]);
  return Object.fromEntries(
    [...converted, ...Object.entries(plain)].filter(([, value]) => value !== undefined),
  ) as Partial<Limits>;
}
