import { Type } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../../component.ts";
import { defineComponent } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { constantText } from "../../stream/text.ts";

export const legacyToPerPartitionStateMigration = defineComponent({
  kind: "state-migration",
  type: "LegacyToPerPartitionStateMigration",
  doc: "Brings a state that holds one cursor under each parent's id into today's form, a list of partitions with theirs.",
  fields: Type.Object({}),
  build: (node, scope) => {
    const stream = node["$stream"] as unknown as Node;
    const { field, parents } = partitionOf(stream, scope);
    const cursor = stream["incremental_sync"] as unknown as Node;
    const cursorField = constantText(textOf(cursor["cursor_field"]), stream, scope);
    return {
      migrate: (state) => {
        if (parents !== 1 || !isOld(state, cursorField)) return state;
        const states = Object.entries(state).map(([key, value]) => ({
          partition: { [field]: key },
          cursor: value ?? null,
        }));
        return { states };
      },
    };
  },
});

/** Every member is a partition's state: an object with the cursor's field alone. */
function isOld(state: JsonObject, cursorField: string): boolean {
  const values = Object.values(state);
  if (Object.hasOwn(state, "states") || values.length === 0) return false;
  return values.every((value) => {
    const keys = isObject(value) ? Object.keys(value) : [];
    return keys.length === 1 && keys[0] === cursorField;
  });
}

interface Partition {
  /** The name under which a partition holds its value. */
  readonly field: string;
  readonly parents: number;
}

function partitionOf(stream: Node, scope: Scope): Partition {
  const retriever = stream["retriever"];
  const router = isObject(retriever) ? retriever["partition_router"] : undefined;
  if (!isObject(router)) throw withoutRouter(stream);
  const text = (value: JsonValue | undefined): string => constantText(textOf(value), stream, scope);
  if (router["type"] === "UnionPartitionRouter")
    return { field: text(router["partition_field"]), parents: 1 };
  const parents = router["parent_stream_configs"];
  const first = Array.isArray(parents) ? (parents as readonly JsonValue[])[0] : undefined;
  if (!isObject(first)) throw withoutRouter(stream);
  return { field: text(first["partition_field"]), parents: (parents as readonly JsonValue[]).length };
}

function withoutRouter(stream: Node): WeirError {
  return new WeirError({
    code: "manifest.component",
    message: `The state migration of ${textOf(stream["name"])} needs a router with parent streams.`,
    next: "Take the migration away, or give the stream such a partition router.",
    recovery: "ask",
    origin: "source",
    path: "state_migrations",
  });
}
