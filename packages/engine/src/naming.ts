import { streamKey, WeirError } from "@weir/protocol";
import type { Stream } from "@weir/protocol";
import type { Connection } from "./request.ts";

export interface TableName {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Where a stream's rows go, by the connection's namespace and prefix rules (Airbyte's). */
export function tableFor(connection: Connection, stream: Stream): TableName {
  const namespace = namespaceFor(connection, stream);
  const name = connection.prefix + stream.name;
  return namespace === undefined ? { name } : { namespace, name };
}

function namespaceFor(connection: Connection, stream: Stream): string | undefined {
  const own = stream.namespace === undefined || stream.namespace === "" ? undefined : stream.namespace;
  switch (connection.namespace.kind) {
    case "destination":
      return undefined;
    case "source":
      return own;
    case "custom": {
      const text = connection.namespace.format.replaceAll("${SOURCE_NAMESPACE}", own ?? "");
      return text.trim() === "" ? undefined : text;
    }
  }
}

export function tableText(table: TableName): string {
  return table.namespace === undefined ? table.name : `${table.namespace}.${table.name}`;
}

/** Refuses two streams that would write one table. */
export function refuseSharedTables(
  streams: readonly { readonly stream: Stream; readonly table: TableName }[],
): void {
  const owners = new Map<string, string>();
  for (const { stream, table } of streams) {
    const key = streamKey(stream);
    const text = tableText(table);
    const owner = owners.get(text);
    if (owner !== undefined) {
      throw new WeirError({
        code: "config.streams_share_table",
        message: `Streams ${owner} and ${key} would both write table ${text}.`,
        next: 'Set the connection\'s namespace to "source" or give it a custom format with ${SOURCE_NAMESPACE}.',
        recovery: "ask",
        origin: "config",
        path: "namespace",
        stream: key,
      });
    }
    owners.set(text, key);
  }
}
