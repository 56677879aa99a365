import { Type } from "@weir/kit";
import { type JsonObject, WeirError } from "@weir/protocol";
import { defineComponent, templateText } from "../../component.ts";
import { injectionOf, requestOption } from "../../http/request-option.ts";
import { textOf } from "../../http/text.ts";
import { baseVariables } from "../../http/variables.ts";
import type { Authenticator } from "./contract.ts";

export const apiKeyAuthenticator = defineComponent({
  kind: "authenticator",
  type: "ApiKeyAuthenticator",
  doc: "Sends a key in a header, a parameter or a field of the body.",
  fields: Type.Object({
    api_token: Type.Optional(templateText("The key.")),
    header: Type.Optional(
      templateText("The header it goes into. Older manifests; new ones say inject_into."),
    ),
    inject_into: Type.Optional(requestOption("What the key is put into.")),
  }),
  build: (node, scope) => {
    if ((node.header === undefined) === (node.inject_into === undefined))
      throw new WeirError({
        code: "manifest.authenticator",
        message: "ApiKeyAuthenticator needs either inject_into or header.",
        next: "Correct the authenticator in the manifest.",
        recovery: "stop",
        origin: "source",
      });
    const variables = baseVariables(node, scope);
    const option = node.inject_into ?? { inject_into: "header", field_name: node.header };
    const inject = injectionOf(option as JsonObject, scope, variables);
    const token = scope.template(node.api_token ?? "");
    const authenticator: Authenticator = {
      credentials: () => Promise.resolve(inject(textOf(token.evaluate(variables)))),
    };
    return authenticator;
  },
});
