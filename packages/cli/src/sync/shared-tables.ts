import type { JsonObject } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import type { Rehearsed } from "./rehearse.ts";
import type { PreparedSync } from "./run.ts";

/** Finds tables that two connections write: each would take the rows of the other for its own, or replace them. */
export class SharedTables {
  readonly #owners = new Map<string, { readonly connection: string; readonly stream: string }>();

  /** Enters a connection's tables; returns what to say of those that an earlier one writes too. */
  add(
    { connection, destination }: Pick<PreparedSync, "connection" | "destination">,
    tables: Rehearsed["tables"],
  ): readonly string[] {
    const place = connection.declared?.document.place(connection.declared.path);
    return tables.flatMap(({ stream, table }) => {
      const id =
        destination.endpoint.command === undefined ? destination.connector.id : destination.endpoint.name;
      const key = stringifyJson([id, sorted(destination.config), table]);
      const owner = this.#owners.get(key);
      if (owner === undefined) {
        this.#owners.set(key, { connection: connection.name, stream });
        return [];
      }
      const where = place === undefined ? "" : `${place}: `;
      return [
        `${where}its stream ${stream} is written to the table ${table}, which ${owner.connection} writes as well (stream ${owner.stream}): one would replace or mix up the rows of the other. Give one of the connections a prefix or a namespace of its own (config.connections_share_table).`,
      ];
    });
  }
}

/** The order of settings tells nothing. */
function sorted(config: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(config).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
