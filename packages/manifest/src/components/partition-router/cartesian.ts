import { Type } from "@weir/kit";
import type { JsonObject } from "@weir/protocol";
import type { Node } from "../../component.ts";
import { defineComponent } from "../../component.ts";
import { merged } from "../../stream/request-option.ts";
import type { RequestAdditions, Slice } from "../requester/contract.ts";

export const cartesianProductRouter = defineComponent({
  kind: "partition-router",
  type: "CartesianProductStreamSlicer",
  doc: "Every combination of the partitions of several routers, the first router's outermost. A list of routers means this.",
  fields: Type.Object({
    stream_slicers: Type.Array(Type.Unknown(), {
      description: "The routers.",
      "x-slot": ["partition-router"],
    }),
  }),
  build: (node, scope) => {
    const routers = (node.stream_slicers as readonly Node[]).map((each) =>
      scope.build("partition-router", each),
    );
    return {
      isGrouping: false,
      hasOptions: routers.some(({ hasOptions }) => hasOptions),
      open: (start) => {
        const readings = routers.map((router) => router.open(start));
        return {
          async *partitions(signal) {
            const lists: Slice[][] = [];
            for (const reading of readings) lists.push(await Array.fromAsync(reading.partitions(signal)));
            yield* combinations(lists);
          },
          parents: () => null,
        };
      },
      additions: (slice) =>
        routers.reduce<RequestAdditions>((all, router) => merged(all, router.additions(slice)), {}),
    };
  },
});

function* combinations(
  lists: readonly (readonly Slice[])[],
  chosen: readonly Slice[] = [],
): Generator<Slice> {
  const [first, ...rest] = lists;
  if (first === undefined) {
    yield {
      partition: union(chosen.map(({ partition }) => partition)),
      cursor: {},
      extra: union(chosen.map(({ extra }) => extra)),
    };
    return;
  }
  for (const slice of first) yield* combinations(rest, [...chosen, slice]);
}

/** For a key in several, the first one's value. */
function union(objects: readonly JsonObject[]): JsonObject {
  return Object.fromEntries(objects.toReversed().flatMap((each) => Object.entries(each)));
}
