import { Type } from "@weir/kit";
import { defineComponent, templateText } from "../../component.ts";
import { textOf } from "../../http/text.ts";
import { baseVariables } from "../../http/variables.ts";
import type { Authenticator } from "./contract.ts";

export const basicHttpAuthenticator = defineComponent({
  kind: "authenticator",
  type: "BasicHttpAuthenticator",
  doc: "Sends a user's name and password in the header Authorization, as RFC 7617 says.",
  fields: Type.Object({
    username: templateText("The name of the user."),
    password: Type.Optional(templateText("The password; empty when absent.")),
  }),
  build: (node, scope) => {
    const variables = baseVariables(node, scope);
    const [username, password] = [node.username, node.password ?? ""].map((text) => scope.template(text));
    const authenticator: Authenticator = {
      credentials: () => {
        const pair = [username, password].map((template) => textOf(template?.evaluate(variables)));
        const Authorization = `Basic ${Buffer.from(pair.join(":"), "utf8").toString("base64")}`;
        return Promise.resolve({ headers: { Authorization } });
      },
    };
    return authenticator;
  },
});
