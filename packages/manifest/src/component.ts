import type { Schema, Static, TObject } from "@weir/kit";
import { Type } from "@weir/kit";
import type { Context, JsonObject } from "@weir/protocol";
import type { Template } from "./expressions/index.ts";
import type { Transport } from "./http/transport.ts";
import type { Kind, Kinds } from "./kinds.ts";
import type { Node } from "./node.ts";

export type { Node } from "./node.ts";

/** What a source may use of the world. Nothing in this package reaches the network or the time otherwise. */
export interface Services {
  readonly transport: Transport;
  /** Clock, log, abort signal, and `rotate` for credentials that were replaced. */
  readonly context: Context;
  /** At least 0, less than 1. */
  readonly random: () => number;
}

/** What a component is built with. Made once for a source and its configuration. */
export interface Scope {
  /** The configuration after migrations and transformations. */
  readonly config: JsonObject;
  readonly services: Services;
  /** Builds the component that `node` describes. Fails with `manifest.component` when that kind knows no such type. */
  build<K extends Kind>(kind: K, node: Node): Kinds[K];
  /** The template of a text, compiled once for each text. Fails with `manifest.template` when it cannot be read. */
  template(text: string): Template;
  /** Things that all components of one source own together, such as its cache or a shared token; made at the first call. */
  once<T>(key: string, make: () => T): T;
}

export interface ComponentDefinition<K extends Kind, Fields extends TObject> {
  readonly kind: K;
  /** As manifests write it. */
  readonly type: string;
  /** For the reference page and editors: what it does, when to take it. Sentences. */
  readonly doc: string;
  /** Its own fields, `type` and `$parameters` apart, each with a description. */
  readonly fields: Fields;
  build(node: Node & Static<Fields>, scope: Scope): Kinds[K];
}

export interface Component {
  readonly kind: Kind;
  readonly type: string;
  readonly doc: string;
  readonly fields: Schema;
  build(node: Node, scope: Scope): unknown;
}

export function defineComponent<K extends Kind, Fields extends TObject>(
  definition: ComponentDefinition<K, Fields>,
): Component {
  return definition;
}

/**
 * A field that holds a component of one of these kinds. `ifUntyped` is the type taken where the manifest gives none;
 * the document stage reads it from here.
 */
export function slot(
  kinds: Kind | readonly Kind[],
  options: { readonly description: string; readonly ifUntyped?: string },
) {
  const { description, ifUntyped } = options;
  return Type.Unknown({
    description,
    "x-slot": typeof kinds === "string" ? [kinds] : kinds,
    ...(ifUntyped === undefined ? {} : { "x-if-untyped": ifUntyped }),
  });
}

/** Text that may hold a template. */
export function templateText(description: string, options: Readonly<Record<string, unknown>> = {}) {
  return Type.String({ description, "x-template": true, ...options });
}
