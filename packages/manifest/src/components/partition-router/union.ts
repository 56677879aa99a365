import { Type } from "@weir/kit";
import type { JsonObject } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Node } from "../../component.ts";
import { defineComponent, templateText } from "../../component.ts";
import { constantText } from "../../stream/text.ts";
import { sliceKey } from "../../stream/slice-key.ts";

export const unionPartitionRouter = defineComponent({
  kind: "partition-router",
  type: "UnionPartitionRouter",
  doc: "The partitions of several routers one after the other, each value once: ids from the configuration, then those the API lists.",
  fields: Type.Object({
    partition_routers: Type.Array(Type.Unknown(), {
      description: "The routers, at least two, in order.",
      "x-slot": ["partition-router"],
    }),
    partition_field: templateText("The name that every router gives its values."),
  }),
  build: (node, scope) => {
    const routers = (node.partition_routers as readonly Node[]).map((each) =>
      scope.build("partition-router", each),
    );
    const field = constantText(node.partition_field, node, scope);
    if (routers.length < 2) throw refused("A union has fewer than two routers.", "Give at least two.");
    if (routers.some(({ hasOptions }) => hasOptions)) {
      throw refused(
        "A router of a union puts values into requests by itself.",
        "Take request_option away and name stream_partition in the requester's parameters instead.",
      );
    }
    return {
      isGrouping: false,
      hasOptions: false,
      open: (start) => {
        const readings = routers.map((router) => router.open(start));
        return {
          async *partitions(signal) {
            const seen = new Set<string>();
            for (const reading of readings) {
              for await (const { partition, extra } of reading.partitions(signal)) {
                const { [field]: value, ...others } = partition;
                if (value === undefined) throw fieldMissing(field);
                const key = sliceKey(value);
                if (seen.has(key)) continue;
                seen.add(key);
                yield { partition: { [field]: value }, cursor: {}, extra: { ...extra, ...others } };
              }
            }
          },
          parents: () => Object.assign({}, ...readings.map((reading) => reading.parents())) as JsonObject,
        };
      },
      additions: () => ({}),
    };
  },
});

function fieldMissing(field: string): WeirError {
  return refused(
    `A router of a union gives partitions without ${field}.`,
    "Let every router of the union name its values as the union's partition_field does.",
  );
}

function refused(message: string, next: string): WeirError {
  return new WeirError({ code: "manifest.partitions", message, next, recovery: "ask", origin: "source" });
}
