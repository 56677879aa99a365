import { Type } from "@weir/kit";
import type { JsonValue } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import { defineComponent, slot } from "../../component.ts";
import type { Node } from "../../component.ts";
import type { Slice } from "../requester/contract.ts";
import type { RouterReading } from "./contract.ts";
import { sliceKey } from "../../stream/slice-key.ts";

export const groupingPartitionRouter = defineComponent({
  kind: "partition-router",
  type: "GroupingPartitionRouter",
  doc: "Puts several partitions of another router into one, for APIs that take many ids in a request.",
  fields: Type.Object({
    group_size: Type.Integer({ description: "How many partitions make a group.", minimum: 1 }),
    underlying_partition_router: slot("partition-router", {
      description: "The router whose partitions are grouped.",
    }),
    deduplicate: Type.Optional(
      Type.Boolean({ description: "Leave out values that were in a group before. Default: true." }),
    ),
  }),
  build: (node, scope) => {
    const router = scope.build("partition-router", node.underlying_partition_router as Node);
    const { group_size: size, deduplicate = true } = node;
    if (size < 1)
      throw refused(`Groups of ${size} partitions were asked for.`, "Give group_size as at least 1.");
    if (router.hasOptions) throw refused("A grouped router puts values into requests by itself.", OPTIONS);
    return {
      isGrouping: true,
      hasOptions: false,
      open: (start) => grouped(router.open(start), size, deduplicate),
      additions: () => ({}),
    };
  },
});

const OPTIONS = "Take request_option away and name stream_partition in the requester's parameters instead.";

function grouped(reading: RouterReading, size: number, deduplicate: boolean): RouterReading {
  // As it was when the last partition of the group was taken, not when the next one is looked for.
  let parents = reading.parents() === null ? null : {};
  return {
    async *partitions(signal) {
      const seen = new Set<string>();
      let group: Slice[] = [];
      for await (const slice of reading.partitions(signal)) {
        const key = sliceKey(onlyValue(slice));
        if (deduplicate && seen.has(key)) continue;
        if (deduplicate) seen.add(key);
        group.push(slice);
        if (group.length < size) continue;
        parents = reading.parents();
        yield groupOf(group);
        group = [];
      }
      parents = reading.parents();
      if (group.length > 0) yield groupOf(group);
    },
    parents: () => parents,
  };
}

function onlyValue({ partition }: Slice): JsonValue | undefined {
  const keys = Object.keys(partition).filter((key) => key !== "parent_slice");
  const [key] = keys;
  if (key === undefined || keys.length > 1) {
    throw refused(
      `A partition to be grouped has ${keys.length} values.`,
      "Group a router whose partitions have one value each.",
    );
  }
  return partition[key];
}

function groupOf(group: readonly Slice[]): Slice {
  const [first] = group;
  const extras = new Set(group.flatMap(({ extra }) => Object.keys(extra)));
  return {
    partition: Object.fromEntries(
      Object.keys(first?.partition ?? {}).map((key) => [
        key,
        group.map(({ partition }) => partition[key] ?? null),
      ]),
    ),
    cursor: {},
    extra: Object.fromEntries([...extras].map((key) => [key, group.map(({ extra }) => extra[key] ?? null)])),
  };
}

function refused(message: string, next: string): WeirError {
  return new WeirError({ code: "manifest.partitions", message, next, recovery: "ask", origin: "source" });
}
