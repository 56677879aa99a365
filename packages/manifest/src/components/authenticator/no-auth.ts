import { Type } from "@weir/kit";
import { defineComponent } from "../../component.ts";
import type { Authenticator } from "./contract.ts";

export const noAuth = defineComponent({
  kind: "authenticator",
  type: "NoAuth",
  doc: "For APIs that ask for no credentials.",
  fields: Type.Object({}),
  build: () => {
    const authenticator: Authenticator = { credentials: () => Promise.resolve({}) };
    return authenticator;
  },
});
