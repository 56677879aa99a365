import { Type } from "@weir/kit";
import type { JsonObject, JsonValue } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../../component.ts";
import { defineComponent } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { atPath, pathOf } from "../../stream/at-path.ts";
import type { RequestOption } from "../../stream/request-option.ts";
import { injected, requestOption, sendable } from "../../stream/request-option.ts";
import type { Slice } from "../requester/contract.ts";
import type { StreamComponent, StreamReading } from "../stream/contract.ts";
import { constantText } from "../../stream/text.ts";
import type { RouterReading } from "./contract.ts";
import { withLast } from "../../stream/lookahead.ts";
import { NO_STATE } from "../../stream/no-state.ts";

export const substreamPartitionRouter = defineComponent({
  kind: "partition-router",
  type: "SubstreamPartitionRouter",
  doc: "One partition for each record of other streams, the parents: the posts of every user, the lines of every order.",
  fields: Type.Object({
    parent_stream_configs: Type.Array(Type.Unknown(), {
      description:
        "The parents, each a ParentStreamConfig: stream, parent_key, partition_field, and optionally request_option, extra_fields, incremental_dependency and lazy_read_pointer.",
    }),
  }),
  build: (node, scope) => {
    const configs = node.parent_stream_configs as readonly Node[];
    if (!Array.isArray(configs) || configs.length === 0) throw noParents();
    const parents = configs.map((config) => parentOf(config, node, scope));
    return {
      isGrouping: false,
      hasOptions: parents.some(({ option }) => option !== null),
      open: ({ state }) => new SubstreamReading(parents, state),
      additions: ({ partition }) =>
        injected(parents.map(({ option, field }) => [option, sendable(partition[field])])),
    };
  },
});

interface Parent {
  readonly stream: StreamComponent;
  readonly key: readonly string[];
  /** The name under which a partition holds the parent's key. */
  readonly field: string;
  readonly option: RequestOption | null;
  readonly extra: readonly (readonly string[])[];
  readonly isIncremental: boolean;
  readonly pointer: readonly string[] | null;
}

function parentOf(config: Node, owner: Node, scope: Scope): Parent {
  const within: Node = { ...config, $parameters: config.$parameters ?? owner.$parameters ?? {} };
  const text = (value: JsonValue | undefined): string =>
    typeof value === "string" ? constantText(value, within, scope) : textOf(value);
  const paths = Array.isArray(config["extra_fields"]) ? config["extra_fields"] : [];
  const pointer = config["lazy_read_pointer"];
  return {
    stream: scope.build("stream", config["stream"] as unknown as Node),
    key: pathOf(text(config["parent_key"])),
    field: text(config["partition_field"]),
    option: requestOption(config["request_option"], within, scope),
    extra: (paths as readonly (readonly JsonValue[])[]).map((path) => path.map(text)),
    isIncremental: config["incremental_dependency"] === true,
    pointer: Array.isArray(pointer) && pointer.length > 0 ? pointer.map(text) : null,
  };
}

interface OpenParent {
  readonly parent: Parent;
  readonly reading: StreamReading;
}

class SubstreamReading implements RouterReading {
  readonly #parents: readonly OpenParent[];
  /** Made anew only after a parent's slice was closed: it can be as large as the parent's number of partitions. */
  #states: JsonObject | null = null;

  constructor(parents: readonly Parent[], state: JsonObject | null) {
    this.#parents = parents.map((parent) => ({
      parent,
      reading: parent.stream.open({ state: parentState(parent, state) }),
    }));
  }

  async *partitions(signal: AbortSignal): AsyncGenerator<Slice> {
    for (const { parent, reading } of this.#parents) {
      for await (const { item: slice, isLast: isLastSlice } of withLast(reading.slices(signal))) {
        let isClosed = false;
        const close = (): void => {
          isClosed = true;
          slice.close();
          if (isLastSlice) reading.finish();
          this.#states = null;
        };
        for await (const { item: record, isLast } of withLast(slice.records(signal))) {
          slice.observe(record);
          const partition = partitionOf(parent, record, slice.slice);
          // Closed before the last record's partition is given, which so carries the state after the whole slice.
          if (isLast) close();
          if (partition !== null) yield partition;
        }
        if (!isClosed) close();
      }
    }
  }

  parents(): JsonObject {
    const kept = this.#parents.filter(({ parent }) => parent.isIncremental);
    this.#states ??= Object.fromEntries(
      kept.map(({ parent, reading }) => [parent.stream.name, structuredClone(reading.state())]),
    );
    return this.#states;
  }
}

function partitionOf(parent: Parent, record: JsonObject, from: Slice): Slice | null {
  const value = atPath(record, parent.key);
  if (value === undefined) return null;
  const extra: Record<string, JsonValue> = {};
  if (parent.pointer !== null) extra["child_response"] = atPath(record, parent.pointer) ?? [];
  for (const path of parent.extra) extra[path.join(".")] = atPath(record, path) ?? null;
  return {
    partition: { [parent.field]: value, parent_slice: from.partition },
    cursor: {},
    extra,
  };
}

/**
 * What a parent is to go on from: its own part of the child's state; else the child's global state; else, from the
 * time when states were flat, the child's only value.
 */
function parentState(parent: Parent, state: JsonObject | null): JsonObject | null {
  if (!parent.isIncremental || state === null) return null;
  const known = Object.entries(state).filter(([key]) => key !== NO_STATE);
  const { parent_state: parents, state: global } = Object.fromEntries(known);
  if (isObject(parents) && Object.hasOwn(parents, parent.stream.name))
    return objectOf(parents[parent.stream.name]);
  if (global !== undefined) return objectOf(global);
  const [only, ...others] = known;
  if (only === undefined || others.length > 0 || parent.stream.cursorField === undefined) return null;
  return { [parent.stream.cursorField]: only[1] };
}

function objectOf(value: JsonValue | undefined): JsonObject | null {
  return isObject(value) ? value : null;
}

function noParents(): WeirError {
  return new WeirError({
    code: "manifest.component",
    message: "A SubstreamPartitionRouter has no parent stream.",
    next: "Give at least one parent in parent_stream_configs.",
    recovery: "ask",
    origin: "source",
    path: "parent_stream_configs",
  });
}
