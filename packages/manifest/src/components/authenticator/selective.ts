import { Type } from "@weir/kit";
import { isObject, type JsonObject, type JsonValue, WeirError } from "@weir/protocol";
import { defineComponent, type Node } from "../../component.ts";
import { textOf } from "../../http/text.ts";

export const selectiveAuthenticator = defineComponent({
  kind: "authenticator",
  type: "SelectiveAuthenticator",
  doc: "Takes one of several authenticators, by a value of the configuration.",
  fields: Type.Object({
    authenticator_selection_path: Type.Array(Type.String(), {
      description: "Where the configuration names it.",
    }),
    authenticators: Type.Unknown({
      description: "The authenticators by name.",
      "x-slot": ["authenticator"],
    }),
  }),
  build: (node, scope) => {
    const { authenticator_selection_path: path, authenticators } = node;
    const chosen = path.reduce<JsonValue | undefined>(
      (value, key) => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined),
      scope.config,
    );
    if (chosen === undefined) throw missing(`The configuration has no value at ${path.join(".")}.`);
    const name = textOf(chosen);
    const children = authenticators as JsonObject;
    const child = Object.hasOwn(children, name) ? children[name] : undefined;
    if (child === undefined) throw missing(`The manifest knows no way to authenticate called "${name}".`);
    return scope.build("authenticator", child as Node);
  },
});

function missing(message: string): WeirError {
  return new WeirError({
    code: "manifest.authenticator",
    message,
    next: "Choose in the configuration one of the ways to authenticate that its specification offers.",
    recovery: "ask",
    origin: "source",
  });
}
