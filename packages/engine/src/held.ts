import type { DestinationSession, FencingToken, Held, JsonObject, StoredCheckpoint } from "@weir/protocol";
import { isObject } from "@weir/protocol";
import type { SyncStore } from "./request.ts";
import { isGreater } from "./token.ts";

/**
 * What a connection holds: the destination's word, or the local copy's where the destination keeps no checkpoints.
 * Mirrors every commit, so that the local copy follows the destination. [I1] [I4]
 */
export class HeldCheckpoints {
  readonly #store: SyncStore;
  readonly #connection: string;
  readonly #local: boolean;
  readonly #checkpoints = new Map<string, JsonObject>();
  #token: Held["token"] = null;

  private constructor(store: SyncStore, connection: string, local: boolean) {
    this.#store = store;
    this.#connection = connection;
    this.#local = local;
  }

  static async read(
    session: DestinationSession,
    store: SyncStore,
    connection: string,
  ): Promise<HeldCheckpoints> {
    const held = new HeldCheckpoints(store, connection, !session.capabilities.transactional);
    await held.refresh(session);
    return held;
  }

  /** Asks again: after the fence is taken nobody else can have added to the answer. */
  async refresh(session: DestinationSession): Promise<void> {
    const theirs = await session.held();
    const source = this.#local ? heldFrom(await this.#store.read(this.#connection)) : theirs;
    this.#token = later(theirs.token, source.token);
    this.#checkpoints.clear();
    for (const { stream, document } of source.checkpoints) this.#checkpoints.set(stream, document);
  }

  get now(): Held {
    const checkpoints = [...this.#checkpoints].map(([stream, document]) => ({ stream, document }));
    return { token: this.#token, checkpoints };
  }

  /** After `begin` took the fence. */
  async fenced(token: FencingToken): Promise<void> {
    this.#token = token;
    if (this.#local) await this.save();
  }

  async remember(checkpoints: readonly StoredCheckpoint[]): Promise<void> {
    for (const { stream, document } of checkpoints) this.#checkpoints.set(stream, document);
    if (this.#local) await this.save();
  }

  /** Whether the destination keeps none: then the local copy is all there is. */
  get isLocal(): boolean {
    return this.#local;
  }

  async save(): Promise<void> {
    await this.#store.write(this.#connection, this.now as unknown as JsonObject);
  }
}

function later(left: FencingToken | null, right: FencingToken | null): FencingToken | null {
  if (left === null || right === null) return left ?? right;
  return isGreater(left, right) ? left : right;
}

/** Reads the local copy. */
function heldFrom(document: JsonObject | undefined): Held {
  const list = document?.["checkpoints"];
  const token = document?.["token"];
  const checkpoints = Array.isArray(list) ? (list as readonly JsonObject[]) : [];
  return {
    token:
      isObject(token) && typeof token["sync"] === "number" && typeof token["attempt"] === "number"
        ? { sync: token["sync"], attempt: token["attempt"] }
        : null,
    checkpoints: checkpoints.flatMap((item) =>
      typeof item["stream"] === "string" && isObject(item["document"])
        ? [{ stream: item["stream"], document: item["document"] }]
        : [],
    ),
  };
}
