import { Type } from "@weir/kit";
import { defineComponent, templateText } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { baseVariables } from "../../http/variables.ts";
import type { Authenticator } from "./contract.ts";

export const bearerAuthenticator = defineComponent({
  kind: "authenticator",
  type: "BearerAuthenticator",
  doc: "Sends a token in the header Authorization, after the word Bearer.",
  fields: Type.Object({ api_token: templateText("The token.") }),
  build: (node, scope) => {
    const template = scope.template(node.api_token);
    const variables = baseVariables(node, scope);
    const authenticator: Authenticator = {
      credentials: () =>
        Promise.resolve({ headers: { Authorization: `Bearer ${textOf(template.evaluate(variables))}` } }),
    };
    return authenticator;
  },
});
