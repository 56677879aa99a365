import { showState } from "@weir/engine";
import type { JsonValue } from "@weir/protocol";
import { stringifyJson } from "@weir/protocol";
import type { Command } from "../../command.ts";
import { exitCodes } from "../../exit-code.ts";
import { table } from "../../output/table.ts";
import type { EndpointOptions } from "../../project/flags.ts";
import { withState } from "./target.ts";

export const showCheckpoints: Command<EndpointOptions> = async (context, [name = ""], options) => {
  const view = await withState(context, name, options, showState);
  const { token, shared, streams } = view;
  const columns = [
    { title: "Stream" },
    { title: "Sync", align: "right" },
    { title: "Generation", align: "right" },
    { title: "Phase" },
    { title: "State" },
  ] as const;
  const rows = streams.map(({ stream, sync, generation, phase, state }) => [
    stream,
    String(sync),
    String(generation),
    phase,
    state === null ? "-" : stringifyJson(state),
  ]);
  return {
    code: exitCodes.done,
    result: { ...view } as unknown as JsonValue,
    lines:
      token === null
        ? [`The connection ${name} has never been synced.`]
        : [
            ...table(columns, rows, { widest: 80, head: (line) => context.style("bold", line) }),
            ...(shared === null ? [] : [`shared by all streams: ${stringifyJson(shared)}`]),
            context.style("dim", `last sync ${token.sync}, attempt ${token.attempt}`),
          ],
  };
};
