import { Type } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Node, Scope } from "../../component.ts";
import { defineComponent, slot, templateText } from "../../component.ts";
import { addDuration, Moment, parseDuration } from "../../expressions/datetime/index.ts";
import { NO_STATE } from "../../stream/no-state.ts";
import { constantText } from "../../stream/text.ts";
import type { StreamComponent } from "./contract.ts";

export const stateDelegatingStream = defineComponent({
  kind: "stream",
  type: "StateDelegatingStream",
  doc: "Two ways to read one stream: all of it while there is no state, and what changed since where there is one.",
  fields: Type.Object({
    name: Type.String({ description: "Its name, also that of both streams within." }),
    full_refresh_stream: slot("stream", {
      description: "Read without a state.",
      ifUntyped: "DeclarativeStream",
    }),
    incremental_stream: slot("stream", {
      description: "Read from a state on.",
      ifUntyped: "DeclarativeStream",
    }),
    api_retention_period: Type.Optional(
      templateText("How long the API keeps changes, as an ISO 8601 duration: an older state is void."),
    ),
  }),
  build: (node, scope): StreamComponent => {
    const full = node.full_refresh_stream as Node;
    const incremental = node.incremental_stream as Node;
    if (full["name"] !== node.name || incremental["name"] !== node.name) throw namesDiffer(node.name);
    const streams = {
      full: scope.build("stream", full),
      incremental: scope.build("stream", incremental),
    };
    const isVoid = (state: JsonObject): boolean => {
      const period = node.api_retention_period;
      if (!period) return false;
      const text = constantText(period, node, scope);
      return text !== "" && isOlder(state, text, [full, incremental], scope);
    };
    return {
      name: node.name,
      get cursorField() {
        return streams.incremental.cursorField;
      },
      // Without a state it is the stream for the first sync that the catalog shows.
      describe: (signal) => streams.full.describe(signal),
      open: (start) => {
        if (start.state === null || Object.keys(start.state).length === 0)
          return streams.full.open({ ...start, state: null });
        if (!isVoid(start.state)) return streams.incremental.open(start);
        const reading = streams.full.open({ ...start, state: null });
        return {
          isRestarted: true,
          slices: (signal) => reading.slices(signal),
          finish: () => reading.finish(),
          state: () => reading.state(),
        };
      },
    };
  },
});

/** Whether the state stands for an instant before the period. A state that names none is taken as older. */
function isOlder(state: JsonObject, period: string, nodes: readonly Node[], scope: Scope): boolean {
  if (state[NO_STATE] === true) return false;
  const now = scope.services.context.clock.now();
  const first = addDuration(Moment.fromMilliseconds(now), parseDuration(period).negated()).timestamp() * 1000;
  for (const node of nodes) {
    const cursor = node["incremental_sync"];
    if (cursor === undefined || cursor === null) continue;
    const { partition_router: router } = node["retriever"] as JsonObject;
    const global = router ? state["state"] : state;
    const instant = scope
      .build("cursor", cursor as unknown as Node)
      .instant((global ?? {}) as JsonValue as JsonObject);
    if (instant !== null) return instant < first;
  }
  return true;
}

function namesDiffer(stream: string): WeirError {
  return new WeirError({
    code: "manifest.component",
    message: `The two streams of ${stream} have other names.`,
    next: "Give the stream and both streams within one name.",
    recovery: "ask",
    origin: "source",
    stream,
  });
}
