import { Type } from "@weir/kit";
import type { JsonObject, JsonValue, Stream } from "@weir/protocol";
import { isObject, WeirError } from "@weir/protocol";
import type { Node, Scope } from "../../component.ts";
import { defineComponent, slot } from "../../component.ts";
import { compositeSchema } from "../../stream/composite-schema.ts";
import { PartitionedReading } from "../../stream/partitioned.ts";
import type { StreamParts } from "../../stream/parts.ts";
import { sequentialReading } from "../../stream/sequential.ts";
import { wholeReading } from "../../stream/whole.ts";
import type { Cursor } from "../cursor/contract.ts";
import type { PartitionRouter } from "../partition-router/contract.ts";
import type { Retriever, StreamFacts } from "../retriever/contract.ts";
import type { StreamComponent, StreamReading, StreamStart } from "./contract.ts";

export const declarativeStream = defineComponent({
  kind: "stream",
  type: "DeclarativeStream",
  doc: "A stream: where its records come from, what they look like, and how it is read incrementally.",
  fields: Type.Object({
    name: Type.Optional(Type.String({ description: "Its name in the catalog." })),
    retriever: slot("retriever", { description: "How its records are fetched." }),
    primary_key: Type.Optional(
      Type.Unknown({ description: "The field, or the list of fields, that tells records apart." }),
    ),
    incremental_sync: Type.Optional(
      slot("cursor", { description: "How it is read incrementally. Without it every sync reads all." }),
    ),
    schema_loader: Type.Optional(
      slot("schema-loader", {
        description:
          "The schema of its records; a list of them is taken together, the first one's fields winning.",
        ifUntyped: "JsonFileSchemaLoader",
      }),
    ),
    transformations: Type.Optional(
      Type.Array(Type.Unknown(), {
        description: "Changes to each record, in order.",
        "x-slot": ["transformation"],
      }),
    ),
    state_migrations: Type.Optional(
      Type.Array(Type.Unknown(), {
        description: "Brings states of older versions into today's form, in order.",
        "x-slot": ["state-migration"],
      }),
    ),
    file_uploader: Type.Optional(Type.Unknown({ description: "Fetches the file that a record names." })),
  }),
  build: (node, scope) => new DeclarativeStream(node, scope),
});

class DeclarativeStream implements StreamComponent {
  readonly name: string;
  readonly #node: Node;
  readonly #scope: Scope;
  #retriever: Retriever | undefined;
  #router: PartitionRouter | null | undefined;
  #cursor: Cursor | null | undefined;

  constructor(node: Node, scope: Scope) {
    this.name = typeof node["name"] === "string" ? node["name"] : "";
    this.#node = node;
    this.#scope = scope;
  }

  get cursorField(): string | undefined {
    return this.#builtCursor()?.field;
  }

  async describe(signal: AbortSignal): Promise<Stream> {
    const cursor = this.#builtCursor();
    const keys = primaryKeyOf(this.#node["primary_key"]);
    return {
      name: this.name,
      json_schema: await this.#schema(signal),
      supported_sync_modes: cursor === null ? ["full_refresh"] : ["full_refresh", "incremental"],
      ...(cursor === null
        ? {}
        : { source_defined_cursor: !cursor.isCatalogDefined, default_cursor_field: [cursor.field] }),
      ...(keys.length === 0 ? {} : { source_defined_primary_key: keys.map((key) => [key]) }),
      is_resumable: cursor !== null,
      is_file_based: isObject(this.#node["file_uploader"]),
    };
  }

  async #schema(signal: AbortSignal): Promise<JsonObject> {
    const loader = this.#node["schema_loader"];
    const nodes = Array.isArray(loader) ? (loader as unknown as readonly Node[]) : loader;
    const load = (node: Node): Promise<JsonObject> =>
      this.#scope.build("schema-loader", this.#within(node)).schema(signal);
    if (Array.isArray(nodes)) return compositeSchema(nodes.map((node: Node) => () => load(node)));
    return isObject(loader) ? load(loader as unknown as Node) : {};
  }

  open({ state, cursorField }: StreamStart): StreamReading {
    const cursor = this.#builtCursor();
    const router = this.#builtRouter();
    const parts: StreamParts = {
      retriever: this.#builtRetriever(),
      router,
      cursor,
      state: this.#migrated(state),
      now: () => this.#scope.services.context.clock.now(),
      cursorField: cursor?.isCatalogDefined === true ? cursorField : undefined,
    };
    if (cursor === null) return wholeReading(parts);
    if (router === null) return sequentialReading(parts, cursor);
    if (!cursor.isPartitionable) throw notPartitionable(this.name);
    return new PartitionedReading(parts, cursor, router);
  }

  #migrated(state: JsonObject | null): JsonObject | null {
    const migrations = this.#node["state_migrations"];
    if (state === null || !Array.isArray(migrations)) return state;
    return (migrations as unknown as readonly Node[]).reduce<JsonObject>(
      (migrated, node) =>
        this.#scope.build("state-migration", { ...node, $stream: this.#node }).migrate(migrated),
      state,
    );
  }

  #builtRetriever(): Retriever {
    this.#retriever ??= this.#scope.build("retriever", this.#within(this.#retrieverNode()));
    return this.#retriever;
  }

  #retrieverNode(): Node {
    return this.#node["retriever"] as unknown as Node;
  }

  /** What a component below is told of its stream. */
  #within(node: Node): Node {
    const transformations = this.#node["transformations"];
    const uploader = this.#node["file_uploader"];
    const facts: StreamFacts = {
      name: this.name,
      primaryKey: this.#node["primary_key"] ?? null,
      transformations: Array.isArray(transformations) ? transformations : [],
      isClientSide: this.#builtCursor()?.isClientSide === true,
      fileUploader: isObject(uploader) ? (uploader as unknown as Node) : null,
      schema: (signal) => this.#schema(signal),
    };
    return { ...node, $stream: facts as unknown as JsonValue };
  }

  #builtRouter(): PartitionRouter | null {
    if (this.#router === undefined) {
      const node = this.#retrieverNode()["partition_router"];
      // Also a list of one is a product, which keeps no states of parents.
      const router = Array.isArray(node)
        ? { type: "CartesianProductStreamSlicer", stream_slicers: node as JsonValue }
        : node;
      this.#router = isObject(router)
        ? this.#scope.build("partition-router", router as unknown as Node)
        : null;
    }
    return this.#router;
  }

  #builtCursor(): Cursor | null {
    if (this.#cursor === undefined) {
      const node = this.#node["incremental_sync"];
      this.#cursor = isObject(node) ? this.#scope.build("cursor", node as unknown as Node) : null;
    }
    return this.#cursor;
  }
}

/** A key's fields; a list of lists has one field in each. */
function primaryKeyOf(key: JsonValue | undefined): readonly string[] {
  if (typeof key === "string") return key === "" ? [] : [key];
  if (!Array.isArray(key)) return [];
  return (key as readonly JsonValue[]).map((part) => {
    const field = Array.isArray(part) && part.length === 1 ? (part as readonly JsonValue[])[0] : part;
    if (typeof field === "string") return field;
    throw new WeirError({
      code: "manifest.component",
      message: "A primary key has a part that is no field.",
      next: "Give primary_key as a field or a list of fields.",
      recovery: "ask",
      origin: "source",
      path: "primary_key",
    });
  });
}

function notPartitionable(stream: string): WeirError {
  return new WeirError({
    code: "manifest.component",
    message: `Stream ${stream} counts records over partitions, for which there is no state.`,
    next: "Take a DatetimeBasedCursor, or leave the partition router out.",
    recovery: "ask",
    origin: "source",
    stream,
  });
}
