import type { ConnectorSpecification, DestinationConnector, WriteMode } from "@weir/protocol";
import { check } from "./check.ts";
import type { Commands } from "./commands.ts";
import { childDestinationSession } from "./destination-session.ts";
import type { RowsOf } from "./record-lines.ts";

/** A destination over the commands of an executable. */
export function childDestination(
  commands: Commands,
  spec: ConnectorSpecification,
  rowsOf: RowsOf,
): DestinationConnector {
  const modes = modesOf(spec);
  const refreshes = hasRefreshes(spec);
  return {
    kind: "destination",
    id: commands.id,
    title: commands.id,
    spec,
    check: (config, context) => check(commands, "destination", config, context),
    open: async (request) => childDestinationSession({ commands, modes, refreshes, rowsOf, request }),
  };
}

export function isDestination(spec: ConnectorSpecification): boolean {
  return (spec.supported_destination_sync_modes ?? []).length > 0;
}

/** Whether it keeps generations apart and makes a stream visible when it is told that the stream is complete. */
function hasRefreshes(spec: ConnectorSpecification): boolean {
  return spec["supportsRefreshes"] === true;
}

/** Without generations, old rows would stay beside the new ones of a replacing load with dedup. */
function modesOf(spec: ConnectorSpecification): readonly WriteMode[] {
  return (spec.supported_destination_sync_modes ?? []).flatMap((mode): readonly WriteMode[] => {
    if (mode === "append" || mode === "overwrite") return [mode];
    if (mode !== "append_dedup") return [];
    return hasRefreshes(spec) ? ["append_dedup", "overwrite_dedup"] : ["append_dedup"];
  });
}
