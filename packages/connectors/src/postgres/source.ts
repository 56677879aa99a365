import { defineSource } from "@weir/kit";
import type { ConfiguredStream, PartSession } from "@weir/protocol";
import { streamKey, WeirError } from "@weir/protocol";
import { openSession } from "./connection.ts";
import { describeRelations } from "./source/catalog.ts";
import { check } from "./source/check.ts";
import { sourceConfig, type SourceConfig } from "./source/config.ts";
import { catalogOf } from "./source/discover.ts";
import { streamReader } from "./source/reader.ts";
import { sceneOf } from "./source/scene.ts";
import { openSnapshot } from "./source/snapshot.ts";

export const sourcePostgres = defineSource({
  id: "source-postgres",
  title: "PostgreSQL",
  config: sourceConfig,
  check: (config, { signal }) => check(config, signal),
  discover: async (config, { signal }) => {
    const session = await openSession(config, {
      origin: "source",
      settings: { search_path: "pg_catalog" },
      signal,
    });
    try {
      return catalogOf(
        await describeRelations(session, { schemas: config.schemas }),
        config.replication_method,
      );
    } finally {
      await session.close();
    }
  },
  open: async ({ config, catalog, context }): Promise<PartSession> => {
    const snapshot = await openSnapshot(config, context.signal);
    try {
      const names = catalog.streams.map((configured) => relationName(configured, config));
      const relations = await describeRelations(snapshot.keeper, { names });
      const openedAt = context.clock.now();
      return {
        kind: "parts",
        reader: async (configured, state) => {
          const { schema, name } = relationName(configured, config);
          const relation = relations.find((found) => found.schema === schema && found.name === name);
          if (relation === undefined) throw missing(configured, `${schema}.${name}`);
          return streamReader(await sceneOf({ configured, relation, config, snapshot, openedAt }), state);
        },
        close: () => snapshot.close(),
      };
    } catch (error) {
      await snapshot.close();
      throw error;
    }
  },
});

/** A stream without a namespace lies in the first schema of the configuration. */
function relationName(
  { stream }: ConfiguredStream,
  { schemas }: SourceConfig,
): { readonly schema: string; readonly name: string } {
  return { schema: stream.namespace || (schemas[0] ?? "public"), name: stream.name };
}

function missing({ stream }: ConfiguredStream, name: string): WeirError {
  return new WeirError({
    code: "source.table_missing",
    message: `There is no table or view ${name} that this user may read.`,
    next: "Bring it back, grant SELECT on it, or take the stream out of the connection.",
    recovery: "ask",
    origin: "source",
    stream: streamKey({ name: stream.name, namespace: stream.namespace }),
  });
}
