import type { SyncMode } from "@weir/engine";
import type { JsonObject } from "@weir/protocol";
import { Document } from "yaml";
import { isSecret, mapTexts } from "../../project/config-walk.ts";
import type { DeclaredConnection } from "../../project/declared.ts";
import type { Kind } from "../../project/endpoint.ts";
import { isReference } from "../../project/references.ts";

/** One end of the connection to write, with the schema of its settings. */
export interface DraftEndpoint {
  readonly kind: Kind;
  readonly name: string;
  readonly connector: string;
  readonly config: JsonObject;
  readonly schema: JsonObject;
}

export interface Draft {
  readonly connection: string;
  readonly source: DraftEndpoint;
  readonly destination: DraftEndpoint;
  readonly streams: DeclaredConnection["streams"];
  readonly mode: SyncMode | undefined;
  readonly cursor?: string | undefined;
  readonly primaryKey?: readonly string[] | undefined;
}

export interface Rendered {
  readonly yaml: string;
  /** Variables the file refers to, in order. */
  readonly variables: readonly string[];
  /** Values of secrets given in the clear: for `.env`, never for the file. */
  readonly values: Readonly<Record<string, string>>;
}

/** The project file of a draft. A secret given in the clear becomes a reference, and its value goes aside. */
export function render(draft: Draft, schemaPath: string): Rendered {
  const variables = new Set<string>();
  const values: Record<string, string> = {};
  const configOf = (endpoint: DraftEndpoint): JsonObject =>
    mapTexts(endpoint.schema, endpoint.config, (setting) => {
      const { text, path } = setting;
      for (const [, name] of text.matchAll(/(?<!\$)\$\{(\w+)\}/g))
        if (name !== undefined) variables.add(name);
      if (!isSecret(setting) || text === "" || isReference(text)) return text;
      const variable = [endpoint.name, ...path]
        .join("_")
        .toUpperCase()
        .replaceAll(/[^A-Z0-9]+/g, "_");
      variables.add(variable);
      values[variable] = text;
      return `\${${variable}}`;
    }) as JsonObject;
  const endpoint = (each: DraftEndpoint) => {
    const config = configOf(each);
    return { connector: each.connector, ...(Object.keys(config).length > 0 ? { config } : {}) };
  };
  const { streams, mode, cursor, primaryKey } = draft;
  const document = new Document({
    sources: { [draft.source.name]: endpoint(draft.source) },
    destinations: { [draft.destination.name]: endpoint(draft.destination) },
    connections: {
      [draft.connection]: {
        source: draft.source.name,
        destination: draft.destination.name,
        ...(streams === undefined ? {} : { streams }),
        ...(mode === undefined ? {} : { mode }),
        ...(cursor === undefined ? {} : { cursor }),
        ...(primaryKey === undefined ? {} : { primaryKey }),
      },
    },
  });
  document.commentBefore = ` yaml-language-server: $schema=${schemaPath}`;
  return { yaml: document.toString({ lineWidth: 100 }), variables: [...variables], values };
}
