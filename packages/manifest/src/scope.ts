import type { JsonObject } from "@weir/protocol";
import { WeirError } from "@weir/protocol";
import type { Component, Node, Scope, Services } from "./component.ts";
import { templateCompiler } from "./expressions/index.ts";
import type { Kind, Kinds } from "./kinds.ts";
import { components } from "./registry.ts";

const BUILT_IN = new Map<string, Component>(
  components.map((component) => [`${component.kind} ${component.type}`, component]),
);

export interface ScopeRequest {
  readonly config: JsonObject;
  readonly services: Services;
  /** Components that stand for Python classes, by the class's name. */
  readonly custom: ReadonlyMap<string, Component>;
}

export function scopeOf({ config, services, custom }: ScopeRequest): Scope {
  const template = templateCompiler({
    now: () => services.context.clock.now(),
    random: services.random,
  });
  const owned = new Map<string, unknown>();
  const scope: Scope = {
    config,
    services,
    build: <K extends Kind>(kind: K, node: Node): Kinds[K] => {
      const className = node["class_name"];
      const own = typeof className === "string" ? custom.get(className) : undefined;
      const component = own ?? BUILT_IN.get(`${kind} ${node.type}`);
      if (component === undefined) throw unknownComponent(kind, node);
      return component.build(node, scope) as Kinds[K];
    },
    template,
    once: <T>(key: string, make: () => T): T => {
      if (!owned.has(key)) owned.set(key, make());
      return owned.get(key) as T;
    },
  };
  return scope;
}

function unknownComponent(kind: Kind, node: Node): WeirError {
  const className = node["class_name"];
  const what = typeof className === "string" ? `the Python class ${className}` : `the component ${node.type}`;
  return new WeirError({
    code: "manifest.component",
    message: `There is no ${kind} for ${what}.`,
    next: "Take another component, or register one for it.",
    recovery: "ask",
    origin: "source",
    path: typeof className === "string" ? className : node.type,
  });
}
